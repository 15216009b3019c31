"""Real Redis servers on free ports, for tests."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

DEADLINE = 20.0


class RedisServer:
    """One ``redis-server``, with a directory that lives as long as this object.

    Args:
        options: configuration, by directive.
    """

    def __init__(self, **options: str) -> None:
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="dualwire-redis-"))
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    sentinel = False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def client(self) -> Redis:
        """A client of its own, for looking in and for meddling."""
        return Redis(host="127.0.0.1", port=self.port, socket_timeout=DEADLINE)

    def start(self) -> None:
        """Start, and return when it answers."""
        arguments = {"port": str(self.port), "bind": "127.0.0.1", "daemonize": "no"}
        arguments |= {"dir": str(self.directory), "loglevel": "warning"}
        if not self.sentinel:
            arguments |= {"save": "", "appendonly": "no"}
        arguments |= {name.replace("_", "-"): value for name, value in self._options.items()}
        flat = [part for name, value in arguments.items() for part in (f"--{name}", value)]
        if self.sentinel:
            # Sentinel keeps what it learns in its configuration.
            configuration = self.directory / "sentinel.conf"
            configuration.touch()
            flat = [str(configuration), "--sentinel", *flat]
        program = shutil.which("redis-server")
        assert program, "redis-server is not installed: apt-get install redis-server"
        self._process = subprocess.Popen(
            [program, *flat], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + DEADLINE
        while True:
            assert self._process.poll() is None, "redis-server ended at once"
            try:
                with self.client as client:
                    client.ping()
                return
            except AuthenticationError:
                return  # It answers.
            except RedisError:
                assert time.monotonic() < deadline, "redis-server does not answer"
                time.sleep(0.01)

    def stop(self) -> None:
        """End at once, as by ``kill -9``; what is not on disk is lost."""
        self.resume()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Answer nothing, and refuse nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after :meth:`pause`."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End, and remove what was stored."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class SentinelServer(RedisServer):
    """One that watches others instead of storing anything."""

    sentinel = True


class RedisClusterServers:
    """A cluster of three primaries, without replicas."""

    def __init__(self) -> None:
        self.servers = [
            RedisServer(
                cluster_enabled="yes", cluster_port=str(free_port()), cluster_node_timeout="2000"
            )
            for _ in range(3)
        ]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{each.port}" for each in self.servers)

    def start(self) -> None:
        """Start all three, and return when every slot is served."""
        for server in self.servers:
            server.start()
        first = self.servers[0]
        for number, server in enumerate(self.servers):
            with server.client as client:
                start, end = 16384 * number // 3, 16384 * (number + 1) // 3 - 1
                client.execute_command("CLUSTER ADDSLOTSRANGE", start, end)
                client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
                if server is not first:
                    bus = first.client.config_get("cluster-port")["cluster-port"]
                    client.execute_command("CLUSTER MEET", "127.0.0.1", first.port, bus)
        deadline = time.monotonic() + DEADLINE
        while not all(self._whole(server) for server in self.servers):
            assert time.monotonic() < deadline, "the cluster does not come together"
            time.sleep(0.02)

    @staticmethod
    def _whole(server: RedisServer) -> bool:
        with server.client as client:
            info = client.execute_command("CLUSTER INFO")
            text = info if isinstance(info, dict) else {}
            return text.get("cluster_state") == "ok" and text.get("cluster_known_nodes") == "3"

    def close(self) -> None:
        """End all three."""
        for server in self.servers:
            server.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
