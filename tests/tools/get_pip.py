# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ansible-test runs as get-pip.py where only PyPI is reached: ensurepip, then the pip that is asked for."""

import ensurepip
import subprocess
import sys

ensurepip.bootstrap(upgrade=True)
wanted = [argument for argument in sys.argv[1:] if argument.startswith("pip==")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]))
