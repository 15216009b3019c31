"""Who stands in front, told by headers."""

from __future__ import annotations

import dataclasses

import pytest

from dualwire.cli.doctor.places import CADDY, NGINX, OTHER, Place, place_of


@pytest.mark.parametrize(
    ("headers", "place"),
    [
        ({}, None),
        ({"server": "uvicorn"}, None),
        ({"server": "nginx/1.22.1"}, NGINX),
        ({"server": "openresty"}, NGINX),
        ({"server": "Caddy"}, CADDY),
        ({"via": "1.1 Caddy"}, CADDY),
        ({"server": "cloudflare", "cf-ray": "1"}, OTHER),
        ({"via": "1.1 something"}, OTHER),
    ],
)
def test_a_place_by_its_headers(headers: dict[str, str], place: Place | None) -> None:
    assert place_of(headers) is place


@pytest.mark.parametrize("place", [NGINX, CADDY, OTHER])
def test_each_has_every_remedy(place: Place) -> None:
    assert all(dataclasses.asdict(place).values())
