# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all unit tests share: the helpers beside this file, and hypothesis without a clock."""

import sys
from pathlib import Path

from hypothesis import settings

# ansible-test does not read pyproject.toml, which names this folder too
sys.path.insert(0, str(Path(__file__).parent))

# A loaded machine is slow at times; that is no failure of the code.
settings.register_profile("project", deadline=None)
settings.load_profile("project")
