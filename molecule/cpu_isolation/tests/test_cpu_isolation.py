"""Everything waits for the boot, with its arguments and systemd's affinity in place."""


def test_arguments(host):
    config = host.file("/boot/grub/grub.cfg").content_string
    assert "isolcpus=managed_irq,domain,1,3 nohz_full=3 rcu_nocbs=1,3 irqaffinity=0,2" in config


def test_systemd_keeps_to_housekeeping(host):
    drop_in = host.file("/etc/systemd/system.conf.d/90-ull-metal.conf")
    assert drop_in.mode == 0o644
    assert "[Manager]\nCPUAffinity=0 2\n" in drop_in.content_string


def test_systemd_reads_it(host):
    """It acts on it with the boot: PID 1 keeps its affinity over a re-exec."""
    assert "CPUAffinity=0 2" in host.check_output("systemd-analyze cat-config systemd/system.conf")
