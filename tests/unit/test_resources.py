"""Things of this machine that a plugin asks for by name."""

import pytest

from juturna_core import resources


def test_a_port_can_be_had() -> None:
    assert "port" in resources.resources()
    assert 0 < resources.get("port") < 65536


def test_an_unknown_resource_names_the_nearest_known() -> None:
    with pytest.raises(KeyError, match=r'there is no resource "prot".*did you mean "port"'):
        resources.get("prot")
