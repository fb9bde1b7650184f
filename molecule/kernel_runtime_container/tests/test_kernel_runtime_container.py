"""What is the container's own runs and persists."""


def test_own_parameter(host):
    assert host.check_output("sysctl -n net.ipv4.tcp_slow_start_after_idle") == "0"
    text = host.file("/etc/sysctl.d/90-ull-metal.conf").content_string
    assert "net.ipv4.tcp_slow_start_after_idle = 0\n" in text
    assert "swappiness" not in text
