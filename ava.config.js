// `npm test` runs everything but what needs a real store; REAL_STORE names the kind of store that is to be run.
const real = process.env.REAL_STORE;

export default {
  files:
    real === undefined
      ? ['build/test/**/*.test.js', '!build/test/real/**']
      : [`build/test/real/${real}/**/*.test.js`],
  nodeArguments: ['--enable-source-maps'],
  timeout: '120s',
  // A real store is started by each file.
  ...(real === undefined ? {} : { concurrency: 1 }),
};
