# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from hypothesis import given
from hypothesis import strategies as st
from pages import Page
from reported import HOSTILE

from ansible_collections.ull.metal.plugins.module_utils.report.markup import esc, table, tag


@given(st.text() | st.characters(categories=["Cs", "Cc"]))
def test_any_text_is_only_text(text):
    page = Page(tag("p", esc(text), title=text))
    assert [name for name, _attributes in page.elements] == ["p"]
    esc(text).encode()


def test_a_hostile_text_is_escaped_and_printable():
    assert esc(HOSTILE) == "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;\ufffd[31m\ufffd&lt;/style&gt;&lt;!--"


def test_attributes():
    assert tag("a", "x", class_="b", aria_label='"', open=True, hidden=False, id=None) == (
        '<a class="b" aria-label="&quot;" open>x</a>'
    )


def test_a_table_names_its_cells():
    page = Page(table(["a", "b"], [("odd", ["1", "2"])], "what", "cards"))
    assert page.of("th") == [{"scope": "col"}, {"scope": "col"}, {"scope": "row"}]
    assert page.of("td") == [{"data-label": "b"}]
    assert page.of("tr", "odd")
    assert "what" in page.words
