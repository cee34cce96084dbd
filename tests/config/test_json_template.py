"""config/json_template.py: whatever a value contains, it stays in the string of its placeholder."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from config.json_template import PLACEHOLDERS, JsonTemplate

TEMPLATE = '{"text": "{{title}}: {{ url }}", "n": 5, "list": [null, true, "{{id}}{{id}}"], "plain": "{x} }}"}'
VALUES = st.fixed_dictionaries({name: st.text(st.characters(codec="utf-8")) for name in PLACEHOLDERS})


@given(VALUES)
def test_any_values_render_json_with_them_in_its_strings(values: Mapping[str, str]) -> None:
    assert json.loads(JsonTemplate(TEMPLATE).render(values)) == {
        "text": f"{values['title']}: {values['url']}",
        "n": 5,
        "list": [None, True, values["id"] * 2],
        "plain": "{x} }}",
    }


def test_a_value_that_looks_like_a_placeholder_is_text() -> None:
    values = dict.fromkeys(PLACEHOLDERS, "") | {"title": "{{url}}", "url": '", "n": 6'}
    assert JsonTemplate('{"text": "{{title}}"}').render(values) == '{"text":"{{url}}"}'
