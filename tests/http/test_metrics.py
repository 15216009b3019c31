from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from dualwire import Config, Limits
from tests.http.site import Site, site_on
from tests.live import sse, until, ws

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scrape(site: Site) -> Samples:
    answer = await site.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"dualwire_{name}", tuple(sorted(labels.items()))]


async def test_what_happened_is_what_is_told() -> None:
    async with site_on(config=Config(limits=Limits(connections_per_type=2))) as site:
        token = site.token("ann")
        async with (
            ws(site.address, token=token) as socket,
            ws(site.address, token=token),
            sse(site.address, token=token),
            sse(site.address, token=site.token("bob")),
        ):
            await site.open("ann", websocket=2, sse=1)
            await site.open("bob", sse=1)
            async with ws(site.address, token=token) as refused:
                await refused.wait_end()
            await site.manager.subscribe_to_room("ann", "hall")
            await site.manager.broadcast_to_room("hall", {"n": 1})
            await site.manager.broadcast_global({"n": 2})
            report = await site.manager.deliver("ann", {"n": 3})
            assert report.written == 3
            await socket.wait(3)
            now = await scrape(site)
            assert value(now, "connections", type="websocket") == 2
            assert value(now, "connections", type="sse") == 2
            assert value(now, "connection_health", type="sse", verdict="healthy") == 2
            assert value(now, "connection_health", type="sse", verdict="degraded") == 0
            assert value(now, "players", connections="dual") == 1
            assert value(now, "players", connections="sse") == 1
            assert value(now, "players", connections="websocket") == 0
            assert value(now, "players_online") == value(now, "sessions") == 2
            assert value(now, "rooms") == value(now, "ready") == 1
            assert value(now, "connections_opened_total", type="websocket") == 2
            refusals = value(
                now, "connections_refused_total", type="websocket", code="rate_limited"
            )
            assert refusals == 1
            for stream in ("room", "global", "player"):
                assert value(now, "published_total", stream=stream) == 1
            assert value(now, "deliveries_total") == site.manager.node.stats.deliveries > 0
            assert value(now, "arrivals_total") == 2
            name = "connection_establishment_seconds"
            assert value(now, f"{name}_count", type="websocket") == 2
            assert value(now, f"{name}_bucket", type="websocket", le="+Inf") == 2
            assert value(now, "message_delivery_seconds_count") == 1
            assert now["process_resident_memory_bytes", ()] > 1e6
            site.manager.node.stats.establishment["websocket"].add(0.3)
            now = await scrape(site)
            below = value(now, f"{name}_bucket", type="websocket", le="0.25")
            above = value(now, f"{name}_bucket", type="websocket", le="0.5")
            assert (below, above) == (2, 3), "buckets are cumulative"
        await until(lambda: not site.manager.node.connections)
        now = await scrape(site)
        assert value(now, "connections", type="websocket") == 0
        closed = {
            labels: count
            for (name, labels), count in now.items()
            if name == "dualwire_connections_closed_total"
        }
        assert sum(closed.values()) == 4
        assert value(now, "takeovers_total") == 0


async def test_two_managers_have_two_registries(site: Site) -> None:
    async with site_on() as other, ws(site.address, token=site.token()):
        await site.open("ann", websocket=1)
        assert value(await scrape(site), "connections", type="websocket") == 1
        assert value(await scrape(other), "connections", type="websocket") == 0


async def test_a_scraper_that_speaks_openmetrics(site: Site) -> None:
    answer = await site.http.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
