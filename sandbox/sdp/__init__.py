"""A stand-in for ServiceDesk Plus Cloud v3 and its Zoho accounts server: a tenant with people and records in it.

    world = SdpWorld(seed=1)                       # `sandbox.sdp.world`: state and rules, no HTTP
    seed(world, "demo")                            # `sandbox.sdp.seeds`: the people of `sandbox.cast` and their records
    async with serve(create_app(world)) as url:    # `sandbox.sdp.app`, `sandbox.serve`; real HTTP/1.1
        world.url = url                            # makes links absolute
        SDP_URL = f"{url}/app/itdesk"              # the API is below /api/v3; SDP_ACCOUNTS_URL = url
        SDP_CLIENT_ID, SDP_CLIENT_SECRET, SDP_REFRESH_TOKEN = CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN

The three constants (`sandbox.sdp.accounts`) are the service account's; it has an operator's rights and decides for
others while `world.tenant.service_decides` is true. Wherever a method takes a person, a key of the cast ("arjun"),
a name, an e-mail, a long id or the `Person` will do; a record may be given as itself, its long id, its display id
("RLS-42", "CHM-17", "PJT-3", "CH-2") or its exact title. A no of the tenant raises `Refusal(code, message, fields)`.

World (`SdpWorld(seed=1, now=utc_now, portal="itdesk")`), nothing awaits:
    now() -> datetime (UTC)                advance(timedelta) / advance_to(datetime): time passes, what is due happens
    person(who) -> Person; people.all()    people.add(name, email="", role="technician", tz="UTC") -> Person
    add_release(title, requester, levels=[Plan(["arjun", "tess"], rule="anyone", percent=50)], **fields) -> Release
    release(which) -> Release              .id .label .status.name .stage.name .levels (each .approvals) …
    releases.edit(which, **fields)  releases.cancel(which)  releases.delete(which)
    approval(id) -> Approval               .id .level .approver .original_approver .status.name .comments .sent_on
                                           .action_taken_on .decided_by
    waiting(who=None) -> list[Approval]    what waits for a decision now (of that person)
    decide(approval, "approve"|"reject", by=who, comments="…")      as in SDP's own page
    approvals.delegate(approval, to=who)   approvals.replace_approver(approval, to=who)   approvals.clarify(approval)
    approvals.supersede(level, approvers=[…])   the level is asked anew: new ids, the old ones are gone
    approvals.mark(approval, "Escalated")  a status nobody has heard of
    maintenance(which)                     maintenances.add(…) .execute(m, by=) .enable .suspend .edit .delete .run_due
    project(which)                         projects.add(…) .log_work(p, who, hours=, …) .attach .detach …
    change(which)  request(which)          changes.add(…), requests.add(…)
    tenant                                 switches, see `sandbox.sdp.tenant`: comments_required, comment_max, lookups,
                                           service_decides, decisions_touch_release, leftover_status, scope_answer …
    accounts.grant(who, scopes=ALL_SCOPES) -> str     a refresh token of that person;  accounts.revoke(token)
    accounts.access_token(who) -> str      an access token at once;  .expire(who), .revoke_all(who), .throttle(who)
    break_with(kind, path="*", method="*", times=1, skip=0, acts=None, seconds=, minutes=) -> Fault;  mend(fault=None)
        kinds: slow (waits, then acts), late (acts, then waits), drop_before, drop_after, error_500, error_503,
        rate_limited (429/4015), throttled (URL_ROLLING_THROTTLES_LIMIT_EXCEEDED), html, garbage, truncated, empty,
        cut (half the answer, then the connection closes).
        `path` is a shell pattern on the whole path ("*/_approve"); times=None lasts until mended; `acts` says whether
        the call takes effect before the answer is spoilt.
    effects(kind=None, record=None, by=None) -> list[Effect]     .at .kind .record .by .via .detail: what really changed
        kinds: approval.approved .rejected .notified .delegated .replaced .clarification, level.sent .approved .rejected
        .superseded, release.added .edited .cancelled .deleted .approved .rejected, maintenance.added .edited .deleted
        .executed .enabled .suspended .ran, change.added, project.added .edited .deleted .changes_attached
        .changes_detached .requests_attached .requests_detached .uploaded .work_logged, token.issued,
        grant.given .revoked;  `kind="approval."` means all of its sort
    log -> deque[Exchange]                 every request: .at .method .path .who .input .status .code .fault .ms .answer
    hook = Hook(url, secret)               the trigger calls the bot's webhook whenever something happens to a release
    snapshot() -> dict (JSON);  SdpWorld.restore(dict, now=…) -> SdpWorld

Pages for people: / (releases), /app/itdesk/ui/releases/{id}/details and the like; consent at /oauth/v2/auth.
Scenarios: demo, quiet-day, release-day, flaky-sdp, newcomer, big-portfolio; more by number: `seeds.load(world, 500)`
and `sandbox.sdp.seed_many`. Alone in a process: `python -m sandbox.sdp --scenario demo --port 8080 --state FILE`.
The same by JSON for other processes: `sandbox.sdp.control`.
"""
