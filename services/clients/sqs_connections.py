"""Connections to the queue that stay open, in the place of the SDK's own HTTP."""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.session import Session
    from types_boto3_sqs.client import SQSClient


class Connections:
    """Carries what the SDK has made and signed; retries and the reading of answers stay its own.

    The layers that it sends through take a third of a call's time, and of the interpreter that all lanes of a replay
    and the window share. Times are seconds. May be used by many threads at once.
    """

    def __init__(self, *, connect_timeout: float, read_timeout: float) -> None:
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._trusted: ssl.SSLContext | None = None
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = {}
        self._is_closed = False

    def serve(self, client: SQSClient, session: Session) -> None:
        """Carry the calls of this client from now on; not where its address is reached by a proxy."""
        from botocore.httpsession import get_cert_path
        from botocore.utils import get_environ_proxies

        url = client.meta.endpoint_url
        if get_environ_proxies(url):
            return
        if url.startswith("https:"):
            # Whom to trust is as the SDK would find it.
            session.session_var_map["requests_ca_bundle"] = (None, "REQUESTS_CA_BUNDLE", None, None)
            told = (session.get_config_variable(name) for name in ("ca_bundle", "requests_ca_bundle"))
            bundle = get_cert_path(next(filter(None, told), True))
            self._trusted = ssl.create_default_context(cafile=bundle)
        events: Any = client.meta.events
        events.register("before-send.sqs", self.send)

    def send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """The answer. Raises what the SDK's own HTTP would."""
        from botocore import exceptions as sdk
        from botocore.awsrequest import AWSResponse

        url = request.url
        parts = urlsplit(url)
        body: Any = request.body
        idle = self._idle.setdefault((parts.scheme, parts.netloc), [])
        try:
            connection = self._open(idle) or self._connect(parts.scheme, parts.netloc)
        except ssl.SSLError as error:
            raise sdk.SSLError(endpoint_url=url, error=error) from error
        except TimeoutError as error:
            raise sdk.ConnectTimeoutError(endpoint_url=url, error=error) from error
        except OSError as error:
            raise sdk.EndpointConnectionError(endpoint_url=url, error=error) from error
        try:
            connection.request(request.method, parts.path or "/", body, dict(request.headers.items()))
            answer = connection.getresponse()
            read = answer.read()
        except TimeoutError as error:
            connection.close()
            raise sdk.ReadTimeoutError(endpoint_url=url, error=error) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise sdk.ConnectionClosedError(endpoint_url=url, request=request, error=error) from error
        if self._is_closed:
            connection.close()
        elif connection.sock is not None:
            idle.append(connection)
        headers: Any = answer.headers
        return AWSResponse(url, answer.status, headers, _Read(read))

    def close(self) -> None:
        """Close what is open, and what is in use after its answer."""
        self._is_closed = True
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def _open(self, idle: list[http.client.HTTPConnection]) -> http.client.HTTPConnection | None:
        """A connection that the other side has not closed meanwhile."""
        from urllib3.util.wait import wait_for_read

        while True:
            try:
                connection = idle.pop()
            except IndexError:
                return None
            # Nothing is asked of it, so there is nothing to read but its end.
            if not wait_for_read(connection.sock, timeout=0.0):
                return connection
            connection.close()

    def _connect(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        made = (
            http.client.HTTPSConnection(netloc, timeout=self._connect_timeout, context=self._trusted)
            if scheme == "https"
            else http.client.HTTPConnection(netloc, timeout=self._connect_timeout)
        )
        made.connect()
        made.sock.settimeout(self._read_timeout)
        return made


class _Read:
    """A body as the SDK asks for it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        """All of it."""
        return [self._body]
