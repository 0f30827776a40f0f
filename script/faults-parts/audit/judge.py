"""What executors were told, what the log says and what the server's log says, held against each other."""

# A sentence names at most so many statements.
NAMED = 3


def named(marks):
    marks = sorted(marks)
    return ", ".join(marks[:NAMED]) + (f" and {len(marks) - NAMED} more" if len(marks) > NAMED else "")


def problems(entries, account, served, is_killed=False, may=()):
    """Sentences; none where all is as it must be. `may` are the SQLSTATEs and ends that executors may have been told."""
    told = {entry.mark: entry.told for entry in entries if entry.mark is not None}
    answered = {mark for mark, what in told.items() if what == "ok"}
    found = []

    def must_be_empty(marks, text):
        if marks:
            found.append(f"{len(marks)} {text}: {named(marks)}")

    must_be_empty(answered - set(account.recorded), "statements were answered and are not in the log")
    must_be_empty(set(served) - set(account.recorded), "statements reached the server and are not in the log")
    must_be_empty(answered - set(served), "statements were answered and did not reach the server")
    must_be_empty({mark for mark, count in account.recorded.items() if count > 1}, "statements are in the log twice")
    must_be_empty({mark for mark, count in served.items() if count > 1}, "statements reached the server twice")
    must_be_empty(set(account.recorded) - set(told), "statements are in the log that nobody sent")
    outcomes = {mark: account.outcome(mark) for mark in account.recorded}
    lacking = {mark for mark, outcome in outcomes.items() if outcome is None}
    if not is_killed:
        must_be_empty(lacking, "statements have no outcome")
        if account.open_sessions:
            found.append(f"{len(account.open_sessions)} sessions have no end in the log")
    unsent = {mark for mark, outcome in outcomes.items() if outcome and outcome.get("reason") == "not_forwarded"}
    must_be_empty(unsent & set(served), "statements reached the server of which the log says that they were not forwarded")
    done = {mark for mark, outcome in outcomes.items() if outcome and outcome.get("tag")}
    must_be_empty(done - set(served), "statements have an outcome and did not reach the server")
    must_be_empty((answered - done) - lacking, "statements were answered and their outcome says otherwise")
    allowed = {"ok", *may}
    for entry in entries:
        if entry.told not in allowed:
            what = "statement" if entry.mark else "login"
            found.append(f"a {what} was told {entry.told}: {entry.detail or entry.mark}")
            break
    return found
