#!/bin/sh
# Everything that an undo of VFs and DPDK must leave as it was: /etc, and what the kernel says of the NIC.
pf=$1
find /etc /usr/local /var/lib/ull-metal 2>/dev/null | sort
cd /sys/bus/pci/devices || exit 1
ls
cat "$pf/sriov_numvfs" "$pf/sriov_drivers_autoprobe" "$pf/net/ens2/flags" "$pf/net/ens2/mtu"
ip -d link show dev ens2 | sed 's/ qdisc [a-z]*//'
ls /sys/bus/pci/drivers/vfio-pci 2>/dev/null
cat /sys/devices/system/node/node*/hugepages/*/nr_hugepages
grep hugetlbfs /proc/mounts
ls /dev | grep -i huge
systemctl list-unit-files 'ull-metal*' '*huge*' --no-legend
