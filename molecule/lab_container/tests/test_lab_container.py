"""A container is a host with a systemd of its own."""


def test_everything_runs(host):
    assert host.run("systemctl is-system-running").stdout.strip() == "running"


def test_it_is_a_container(host):
    assert host.check_output("systemd-detect-virt") == "systemd-nspawn"


def test_its_name(host):
    assert host.check_output("hostname") == host.backend.get_hostname()


def test_own_cgroup2(host):
    assert host.check_output("stat -fc %T /sys/fs/cgroup") == "cgroup2fs"


def test_services_restart(host):
    assert host.run("systemctl restart systemd-journald").rc == 0
    assert host.service("systemd-journald").is_running


def test_mtu_below_nat(host):
    assert host.file("/sys/class/net/host0/mtu").content_string.strip() == "1400"


def test_apt_reaches_the_outside(host):
    assert host.run("apt-get -q update").rc == 0


def test_containers_see_each_other(host):
    others = {"lab-ct1", "lab-ct2"} - {host.backend.get_hostname()}
    gateway = host.check_output("ip -4 route show default").split()[2]
    assert others
    assert host.run(f"ping -c1 -W2 {gateway}").rc == 0
