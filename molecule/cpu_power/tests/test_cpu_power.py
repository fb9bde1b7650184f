"""A guest is left as it was, by the kernel's own files."""

CPU = "/sys/devices/system/cpu"


def test_the_kernel_has_nothing_to_set(host):
    assert not host.file(f"{CPU}/cpufreq/policy0").exists
    assert not host.file(f"{CPU}/cpu1/cpuidle/state1").exists


def test_nothing_was_written(host):
    limits = host.check_output(f"cat {CPU}/cpu*/power/pm_qos_resume_latency_us")
    assert set(limits.split()) == {"0"}
    assert host.check_output("find /etc /usr/local/lib /var/lib -name '*ull-metal*'") == ""
