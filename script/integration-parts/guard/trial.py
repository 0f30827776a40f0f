"""Runs cases direct and through the gateway, and compares what they did with what they must do."""

import dataclasses

import corpus
import effects
import session
from ground import DIRECT, FREE, SERVED, TEMPLATE, TWINS, USER, Failure

READ_ONLY = "-c default_transaction_read_only=on"
# One case for each eye: under a rule that forbids nothing, each must be seen to do what it does.
PLANTED = {"egress-dblink-exec/simple": {corpus.FAR, corpus.FAR_ROWS}, "egress-copy-to-file/simple": {corpus.FILES_WRITTEN},
           "ddl-create-table/extended": {corpus.CATALOGUE}, "role-set-role/simple": {corpus.IDENTITY},
           "readonly-set-default/extended": {corpus.WRITABLE}}


@dataclasses.dataclass
class Result:
    case: corpus.Case
    problems: list = dataclasses.field(default_factory=list)
    # What it did direct, and what it came to through the gateway.
    direct: str = ""
    through: str = ""


class Trial:
    def __init__(self, ground):
        self.ground = ground
        self.far = effects.FarEnd(ground)
        self.files = effects.Files(ground)
        self.catalogues = {}
        self.postgres = ground.direct("postgres")
        self.at_first = self.catalogue(DIRECT).look()
        self.cluster = {name: self.at_first[name] for name in effects.CLUSTER}
        self.roles = self.postgres.value("SELECT string_agg(quote_literal(rolname), ',') FROM pg_roles")

    def catalogue(self, database):
        if database not in self.catalogues:
            self.catalogues[database] = effects.Catalogue(self.ground, database)
        return self.catalogues[database]

    def watch(self, database):
        return effects.Watch(self.far, self.files, self.catalogue(database))

    def close(self):
        for catalogue in self.catalogues.values():
            catalogue.close()
        self.postgres.close()

    # A message in the case's protocol.

    @staticmethod
    def send(case, live, values):
        text = case.text(values)
        if case.protocol == "simple":
            return live.simple(text, case.copy_data())
        return live.extended(text, case.parameters(values), case.copy_data())

    # Direct: what it does where nobody is in the way.

    def direct(self, case):
        """What it was seen to do, and what it answered."""
        values = self.ground.values(DIRECT)
        watch = self.watch(DIRECT)
        found, text = {}, ""
        options = " ".join(filter(None, [READ_ONLY if case.is_read_only else "", case.options(values)]))
        try:
            with self.ground.direct(DIRECT, options=options) as live:
                for before in case.before(values):
                    live.simple(before)
                answer = self.send(case, live, values)
                text = str(answer)
                found = self.of_session(case, live, answer)
        except session.Ended as ended:
            text = f"{text}; the session ended: {ended}".strip("; ")
        found.update(watch.effects())
        self.restore_outside()
        self.restore()
        return found, text

    @staticmethod
    def of_session(case, live, answer):
        """What is to be seen in the session itself, in the transaction that the message may have left open."""
        found = {}
        if answer.tags:
            found[corpus.RAN] = ", ".join(answer.tags)
        if answer.holds(b"CANARY-PEER") or answer.holds(b"CANARY-FILE"):
            found[corpus.ANSWER] = "a canary"
        who = effects.identity(live)
        if who not in (None, f"{live.user}/{live.user}"):
            found[corpus.IDENTITY] = who
        if case.is_read_only:
            if effects.can_write(live) or any(tag.startswith("INSERT") for tag in answer.tags):
                found[corpus.WRITABLE] = "an INSERT succeeded"
        return found

    def check_direct(self, case, result):
        found, text = self.direct(case)
        result.direct = "; ".join(f"{effect} ({what})" for effect, what in found.items()) or text
        for effect in sorted(case.effects - set(found)):
            result.problems.append(f"direct it has not {effect}: {text}")
        if corpus.RAN not in found and not case.fails_direct:
            result.problems.append(f"direct it did not run: {text}")

    # Through the gateway: nothing of that.

    def refused(self, case, rule):
        """Problems of a case that must be refused, and what it came to."""
        database = SERVED[case.protocol]
        values = self.ground.values(database)
        watch = self.watch(database)
        answers, found, problems = [], {}, []
        try:
            with self.ground.through(database, rule, case.options(values)) as live:
                for before in case.before(values):
                    answers.append(live.simple(before))
                watch.state = self.catalogue(database).look()
                answers.append(self.send(case, live, values))
                found = self.of_session(case, live, answers[-1])
                if any(map(is_refusal, answers[:-1])):
                    # Without what was refused it may well run, and be harmless.
                    found.pop(corpus.RAN, None)
                problems += self.refused_in_transaction(case, live, values)
        except session.Ended as ended:
            # Only startup options are refused by ending the session.
            if answers or ended.sqlstate != "42501":
                problems.append(f"the session ended: {ended}")
            else:
                answers = [ended]
        seen = watch.effects()
        found.update(seen)
        self.restore_outside()
        if seen or case.before(values):
            self.restore_served(database)
        problems += [f"{effect}: {what}" for effect, what in found.items()]
        if not any(is_refusal(answer) for answer in answers) and not (case.is_syntax_error and answers and answers[-1].errors):
            problems.append("not refused")
        return problems, " | ".join(map(str, answers))

    def refused_in_transaction(self, case, live, values):
        """The session is in no transaction; in one, the refusal must fail it as any error does."""
        if case.before(values):
            return []
        problems = []
        live.simple("ROLLBACK")
        for text, state, sqlstate in (("BEGIN", "T", None), (None, "E", None), ("SELECT 1", "E", "25P02"),
                                      ("COMMIT", "I", None), ("SELECT 1", "I", None)):
            answer = live.simple(text) if text else self.send(case, live, values)
            is_wrong = answer.state != state or (
                answer.sqlstate != sqlstate if text else not is_refusal(answer) and not case.is_syntax_error)
            if is_wrong:
                problems.append(f"in a transaction {text or 'it'} came to {answer} and state {answer.state}")
        if answer.value != "1":
            problems.append("the session did not live on")
        return problems

    def check_refused(self, case, result):
        problems, result.through = self.refused(case, case.rule)
        result.problems += problems

    # What must be allowed: the same answer both ways.

    def check_allowed(self, case, result):
        served, twin = SERVED[case.protocol], TWINS[case.protocol]
        # What reads only can be asked of the very same database.
        direct = self.allowed(case, served if case.is_read_only else twin, None)
        through = self.allowed(case, served, case.rule)
        result.direct, result.through = summary(direct), summary(through)
        if not direct or isinstance(direct[-1], session.Ended) or (direct[-1].errors and not case.fails_direct):
            result.problems.append(f"direct it failed: {result.direct}")
        if told(direct) == told(through):
            return
        if any(not isinstance(answer, session.Ended) and is_refusal(answer) for answer in through) or len(through) != len(direct):
            result.problems.append(f"refused: {result.through}")
        elif case.is_read_only and told(self.allowed(case, served, None)) != told(direct):
            # It says something else each time.
            if shape(direct) != shape(through):
                result.problems.append(f"another kind of answer: {result.through}, direct {result.direct}")
        else:
            result.problems.append(f"another answer: {difference(direct, through)}")

    def allowed(self, case, database, rule):
        values = self.ground.values(database)
        answers = []
        try:
            if rule is None:
                options = " ".join(filter(None, [READ_ONLY if case.is_read_only else "", case.options(values)]))
                live = self.ground.direct(database, options=options)
            else:
                live = self.ground.through(database, rule, case.options(values))
            with live:
                for before in case.before(values):
                    answers.append(live.simple(before))
                answers.append(self.send(case, live, values))
        except session.Ended as ended:
            answers.append(ended)
        return answers

    # The eyes must be able to see.

    def check_the_eyes(self, cases):
        """Cases that must be refused, under a rule that forbids nothing: the effects must be seen, so that none of them
        is missed where a gateway lets it pass. Answers what was not seen."""
        missed = []
        for name, expected in PLANTED.items():
            case = next((case for case in cases if case.name == name), None)
            if case is None:
                raise Failure(f"there is no case {name}: it is planted to see that the run can fail")
            problems, _ = self.refused(case, FREE)
            seen = {effect for effect in expected if any(problem.startswith(effect) for problem in problems)}
            if seen != expected or "not refused" not in problems:
                missed.append(f"{name} under a rule that forbids nothing: expected {', '.join(sorted(expected))}, saw {problems}")
        return missed

    # Everything as it was.

    def restore(self):
        """After a case that ran direct."""
        if self.catalogue(DIRECT).look() == self.at_first:
            return
        self.postgres.value(f"ALTER DATABASE {DIRECT} RESET ALL")
        self.restore_cluster()
        if self.catalogue(DIRECT).look() == self.at_first:
            return
        with self.ground.direct(DIRECT) as admin:
            names = admin.value("SELECT string_agg(format('ALTER SUBSCRIPTION %1$I DISABLE; ALTER SUBSCRIPTION %1$I SET (slot_name"
                                " = NONE); DROP SUBSCRIPTION %1$I', subname), ';') FROM pg_subscription")
            for statement in (names or "").split(";"):
                admin.value(statement)
        self.catalogues.pop(DIRECT).close()
        self.postgres.value(f"DROP DATABASE {DIRECT} WITH (FORCE)")
        self.postgres.value(f"CREATE DATABASE {DIRECT} TEMPLATE {TEMPLATE}")
        self.at_first = self.catalogue(DIRECT).look()

    def restore_served(self, database):
        """What an allowed `before` made; and where a case was not refused, as much as can be put back."""
        self.restore_cluster()
        self.catalogue(database).session.value(
            "SELECT lo_unlink(oid) FROM pg_largeobject_metadata; TRUNCATE scratch; DROP TABLE IF EXISTS t1")

    def restore_outside(self):
        if self.far.rows() != self.far.rows_at_first:
            self.far.restore()
        self.files.restore()

    def restore_cluster(self):
        if self.is_cluster_as_it_was():
            return
        for text in (
                f"SELECT string_agg(format('DROP ROLE %I', rolname), ';') FROM pg_roles WHERE rolname NOT IN ({self.roles})",
                "SELECT string_agg(format('REVOKE %I FROM %I', r.rolname, m.rolname), ';') FROM pg_auth_members a JOIN pg_roles r"
                " ON r.oid = roleid JOIN pg_roles m ON m.oid = member WHERE m.rolname ~ '^corpus'",
                "SELECT string_agg(format('SELECT pg_drop_replication_slot(%L)', slot_name), ';') FROM pg_replication_slots",
                "SELECT 'ALTER ROLE corpus_reader NOLOGIN; ALTER ROLE corpus_reader RESET ALL'",
                f"SELECT 'ALTER ROLE {USER} RESET ALL'"):
            for statement in (self.postgres.value(text) or "").split(";"):
                self.postgres.value(statement)
        self.postgres.value("ALTER SYSTEM RESET ALL")
        if not self.is_cluster_as_it_was():
            state = self.catalogue(DIRECT).look()
            changed = [name for name in self.cluster if state[name] != self.cluster[name]]
            raise Failure(f"a case changed the server, and it could not be put back: {', '.join(changed)}")

    def is_cluster_as_it_was(self):
        state = self.catalogue(DIRECT).look()
        return all(state[name] == self.cluster[name] for name in self.cluster if name != "databases")


def is_refusal(answer):
    """By the gateway's own word, not by a right that the role lacks: 42501, and 42601 and 54001 where it cannot judge."""
    if isinstance(answer, session.Ended):
        return answer.sqlstate == "42501"
    return any(event[1] in ("42501", "42601", "54001") and ("forbids it" in event[3] or "gateway" in event[3] + event[2])
               for event in answer.errors)


def told(answers):
    """All that an answer says, comparable."""
    return [str(answer) if isinstance(answer, session.Ended) else (answer.events, answer.state) for answer in answers]


def shape(answers):
    return [str(answer) if isinstance(answer, session.Ended) else
            ([event if event[0] in ("columns", "tag") else event[0] for event in answer.events], answer.state) for answer in answers]


def summary(answers):
    return " | ".join(map(str, answers))


def difference(direct, through):
    for one, other in zip(direct, through):
        if isinstance(one, session.Ended) or isinstance(other, session.Ended):
            return f"{other}, direct {one}"
        for event, twin in zip(one.events, other.events):
            if event != twin:
                return f"{str(twin)[:160]}, direct {str(event)[:160]}"
    return f"{summary(through)}, direct {summary(direct)}"
