# The image of Replicar: built with npm, run without it, as a user of its own.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json ./
COPY src ./src
RUN npm run build \
 && npm prune --omit=dev \
 && find build -name '*.map' -delete \
 && chmod 0755 build/src/cli.js

FROM node:24-bookworm-slim
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* \
      /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg \
 && groupadd --gid 10001 replicar \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin replicar \
 && install -d -m 0700 -o 10001 -g 10001 /var/lib/replicar \
 && ln -s /app/build/src/cli.js /usr/local/bin/replicar
COPY package.json LICENSE /app/
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/build /app/build

# The journal and name look-ups share one pool of threads: a target whose name hangs must not hold a commit.
ENV NODE_ENV=production \
    UV_THREADPOOL_SIZE=16 \
    REPLICAR_DATA_DIR=/var/lib/replicar
WORKDIR /var/lib/replicar
VOLUME /var/lib/replicar
USER 10001:10001
EXPOSE 9000 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch((process.env.REPLICAR_ADMIN_URL || 'http://127.0.0.1:9090') + '/healthz/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["replicar"]
CMD ["serve"]
