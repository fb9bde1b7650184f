"""A probe leaves nothing behind: no process, no file, no tracer."""


def test_no_instrument_runs_on(host):
    running = host.check_output("ps -e -o comm=")
    assert not {"cyclictest", "oslat", "rtla"} & set(running.split())


def test_no_file_is_left(host):
    assert host.check_output("find /tmp -maxdepth 1 -name 'ull-metal-probe*'") == ""


def test_no_tracer_is_left_on(host):
    tracer = host.file("/sys/kernel/tracing/current_tracer")
    assert not tracer.exists or tracer.content_string.strip() == "nop"
