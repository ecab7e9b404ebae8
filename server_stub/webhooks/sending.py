"""One try over HTTP: to the address that was checked, without redirects, proxies or cookies, within a time."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from server_stub.webhooks.guard import Reach, Resolver, checked_target, resolve
from server_stub.webhooks.schedule import TRY_S_MAX, Try, TryOutcome, retry_after_s
from wallet_sdk.ports import Clock
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import MisuseError, UnavailableError

_AGENT: Final = "tillcode-webhooks/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPoster:
    """Over real connections; a new one each time, so that no answer of one receiver can touch another's."""

    clock: Clock
    reach: Reach
    resolver: Resolver = resolve
    try_s_max: float = TRY_S_MAX
    #: Made once: reading all root certificates takes longer than a request.
    tls: ssl.SSLContext = field(default_factory=httpx.create_ssl_context, repr=False)

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Try:
        """Resolve, check, connect, send, and look at the number of the answer; its body is not read."""
        at_s = self.clock.now_ms() // 1000
        try:
            async with asyncio.timeout(self.try_s_max):
                http_status, later = await self._post(url, headers=headers, body=body)
        except MisuseError:
            return Try(outcome=TryOutcome.REFUSED_ADDRESS, at_s=at_s)
        except (TimeoutError, httpx.TimeoutException):
            return Try(outcome=TryOutcome.TIMED_OUT, at_s=at_s)
        except (UnavailableError, httpx.HTTPError, httpx.InvalidURL):
            return Try(outcome=TryOutcome.UNREACHABLE, at_s=at_s)
        wait_s = retry_after_s(later, now_s=at_s)
        return Try(outcome=TryOutcome.ANSWERED, at_s=at_s, http_status=http_status, retry_after_s=wait_s)

    async def _post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> tuple[int, str | None]:
        target = await asyncio.to_thread(checked_target, url, reach=self.reach, resolver=self.resolver)
        sent = {"host": target.host_header, "user-agent": _AGENT, "content-type": api.JSON, **headers}
        # The connection goes to the checked number; the certificate must still be the name's.
        extensions = {"sni_hostname": target.host}
        async with (
            httpx.AsyncClient(verify=self.tls, trust_env=False, timeout=self.try_s_max) as client,
            client.stream(
                "POST", target.url, headers=sent, content=body, extensions=extensions, follow_redirects=False
            ) as answer,
        ):
            return answer.status_code, answer.headers.get("retry-after")
