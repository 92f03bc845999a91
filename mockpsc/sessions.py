"""Who is logged in, in which browser, and which relying parties are attached to that login.

As in Keycloak, a login lasts a while at most and a shorter while unused, and a relying party that is detached from it
(its code was replayed, its refresh token revoked) loses all that was issued to it.
"""

from dataclasses import replace
from secrets import compare_digest, token_urlsafe
from uuid import uuid4

from mockpsc.clock import Clock
from mockpsc.store import ClientSession, Session, Store


class Sessions:
    """The logins of a provider. `lifetime` and `idle` are in seconds."""

    def __init__(self, store: Store, clock: Clock, *, lifetime: int, idle: int) -> None:
        self._store, self._clock, self._lifetime, self._idle = store, clock, lifetime, idle

    async def open(self, persona_id: str) -> Session:
        """Log somebody in."""
        now = self._clock.now()
        session = Session(
            id=str(uuid4()),
            secret=token_urlsafe(24),
            persona_id=persona_id,
            auth_time=int(now),
            last_used=now,
            expires_at=now + self._lifetime,
        )
        await self._store.put(session)
        return session

    async def get(self, session_id: str) -> Session | None:
        """The login of that id, unless it is over or was idle for too long."""
        session = await self._store.get(Session, session_id)
        if session is None or self._clock.now() >= session.last_used + self._idle:
            return None
        return session

    async def all(self) -> list[Session]:
        """The logins that are not over, oldest first."""
        found = [await self.get(each.id) for each in await self._store.find(Session)]
        return sorted(filter(None, found), key=lambda each: each.auth_time)

    async def clients(self, session_id: str) -> list[str]:
        """The ids of the relying parties that are attached to a login."""
        return [each.client_id for each in await self._store.find(ClientSession, session_id=session_id)]

    async def of_browser(self, cookie: str | None) -> Session | None:
        """The login that a browser's cookie stands for."""
        session_id, _, secret = (cookie or "").partition(".")
        session = await self.get(session_id)
        return session if session and compare_digest(session.secret.encode(), secret.encode()) else None

    @staticmethod
    def cookie(session: Session) -> str:
        """What the browser is given to be known again."""
        return f"{session.id}.{session.secret}"

    async def use(self, session: Session) -> None:
        """Note that a login was used: its idle time starts anew."""
        await self._store.put(replace(session, last_used=self._clock.now()))

    async def end(self, session_id: str) -> None:
        """Log out: all that was issued under this login is dead."""
        await self._store.delete(Session, session_id)

    async def attach(self, session: Session, client_id: str) -> None:
        """Attach a relying party to a login, unless it already is."""
        key = ClientSession.key(session.id, client_id)
        if await self._store.get(ClientSession, key) is None:
            await self._store.put(
                ClientSession(
                    id=key,
                    session_id=session.id,
                    client_id=client_id,
                    persona_id=session.persona_id,
                    started_at=self._clock.now(),
                    expires_at=session.expires_at,
                )
            )

    async def attached(self, session_id: str, client_id: str) -> ClientSession | None:
        """The attachment of a relying party to a login."""
        return await self._store.get(ClientSession, ClientSession.key(session_id, client_id))

    async def detach(self, session_id: str, client_id: str) -> None:
        """Take a relying party off a login."""
        await self._store.delete(ClientSession, ClientSession.key(session_id, client_id))

    async def detach_everywhere(self, persona_id: str, client_id: str) -> None:
        """Take a relying party off all logins of a person (Keycloak's answer to a revoked refresh token)."""
        for attachment in await self._store.find(ClientSession, persona_id=persona_id, client_id=client_id):
            await self._store.delete(ClientSession, attachment.id)
