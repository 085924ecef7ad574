#!/bin/bash
# Starts a real Ceph object gateway (S3) on one machine, all in memory, in about 15 seconds:
#   ceph-rgw-up.sh DIR PORT MONITOR_PORT
# Wants root and Debian's ceph-mon ceph-mgr ceph-osd radosgw ceph-common. Everything lies in DIR, which must not exist
# yet; the monitor uses MONITOR_PORT and the one after it. It is stopped by ending the processes in DIR/run/*.pid.
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,5p' "$0" >&2; exit 2; }
dir=$1 port=$2 monitor=$3
mkdir -p "$dir" && cd "$dir" && mkdir mon osd run log mgr
fsid=$(cat /proc/sys/kernel/random/uuid)
cat > ceph.conf <<CONF
[global]
fsid = $fsid
mon initial members = a
mon host = [v2:127.0.0.1:$monitor,v1:127.0.0.1:$((monitor + 1))]
ms bind ipv6 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = $dir/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 1000
mon warn on pool no redundancy = false
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 4294967296
run dir = $dir/run
log file = $dir/log/\$name.log
admin socket = $dir/run/\$name.asok
pid file = $dir/run/\$name.pid
mon data = $dir/mon
osd data = $dir/osd
mgr data = $dir/mgr
[client.admin]
rgw frontends = beast endpoint=127.0.0.1:$port
rgw data = $dir
rgw lc debug interval = 10
CONF
export CEPH_CONF=$dir/ceph.conf
ceph-authtool keyring --create-keyring --gen-key -n mon. --cap mon 'allow *' > /dev/null
add_key() {
  ceph-authtool keyring --gen-key -n "$@" > /dev/null
}
add_key client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' --cap mds 'allow *'
add_key osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow profile osd'
add_key mgr.x --cap mon 'allow profile mgr' --cap osd 'allow *' --cap mds 'allow *'
monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$monitor,v1:127.0.0.1:$((monitor + 1))]" monmap > /dev/null
ceph-mon --mkfs -i a --fsid "$fsid" --monmap monmap --keyring keyring
ceph-mon -i a
uuid=$(cat /proc/sys/kernel/random/uuid)
timeout 60 ceph osd new "$uuid" > /dev/null
timeout 30 ceph auth import -i keyring
ceph-osd -i 0 --mkfs --osd-uuid "$uuid"
ceph-osd -i 0
ceph-mgr -i x
timeout 120 radosgw -n client.admin
