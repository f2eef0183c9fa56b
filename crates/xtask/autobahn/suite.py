"""Runs the cases of the Autobahn suite against a server that sends back what it is sent, and says what became of them.

usage: suite.py URL CASES: patterns of cases, with commas in between
"""

import sys
from collections import Counter

import python2
from python2 import to_bytes, to_text

python2.install()

from autobahntestsuite import fuzzing
from autobahntestsuite.case import Case
from twisted.internet import reactor

# What the suite calls right, and what it says is left open by the specification.
RIGHT = {Case.OK, Case.INFORMATIONAL}
# What the suite calls conformant, though not strict: where a frame arrives in pieces, its text is checked when it is whole, and not before.
NOT_STRICT = {"6.4.3", "6.4.4"}
AGENT = "mainstay"


class Client(fuzzing.FuzzingClientProtocol):
    """The suite's client, whose payloads are texts, upon Autobahn's, whose payloads are bytes."""

    def onMessage(self, payload, binary):
        super().onMessage(to_text(payload), binary)

    def onPong(self, payload):
        super().onPong(to_text(payload))

    def sendFrame(self, opcode, payload="", payload_len=None, **named):
        payload = to_bytes(payload)
        if payload_len is not None:
            payload = (payload * (payload_len // len(payload) + 1))[:payload_len]
        super().sendFrame(opcode, payload, **named)

    def sendMessage(self, payload, *rest, **named):
        super().sendMessage(to_bytes(payload), *rest, **named)

    def sendMessageFrameData(self, payload, *rest, **named):
        return super().sendMessageFrameData(to_bytes(payload), *rest, **named)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        super().sendCloseFrame(code, to_bytes(reasonUtf8), isReply)

    def logRxFrame(self, header, payload):
        super().logRxFrame(header, [to_text(part) for part in payload])

    def logTxFrame(self, header, payload, *rest):
        super().logTxFrame(header, to_text(payload), *rest)


def run(url, cases):
    """Runs the cases. Answers their names in order, and their results by name."""
    fuzzing.FuzzingClientProtocol = Client
    # The suite compares what values are pickled to, in which equal texts differ where one is there twice.
    Case.compare = lambda case, left, right: left == right
    # It says of each case that it runs.
    fuzzing.print = lambda *_: None
    servers = [{"agent": AGENT, "url": url}]
    factory = fuzzing.FuzzingClientFactory({"servers": servers, "cases": cases})
    factory.createReports = lambda: None
    reactor.run()
    return factory.specCases, factory.agents.get(AGENT, {})


def fault(case, result):
    """What is wrong with a case, if anything is."""
    if result is None:
        return "it was not run"
    if result["behavior"] not in (RIGHT | {Case.NON_STRICT} if case in NOT_STRICT else RIGHT):
        return f"{result['behavior']}: {result['result']}"
    if result["behaviorClose"] not in RIGHT:
        return f"{result['behaviorClose']}: {result['resultClose']} (it was {result['remoteCloseCode']})"
    return None


def main(url, patterns):
    cases, results = run(url, patterns.split(","))
    wrong = {case: reason for case in cases if (reason := fault(case, results.get(case)))}
    for case, reason in wrong.items():
        print(f"case {case}: {reason}")
    behaviors = Counter(result["behavior"] for result in results.values())
    counts = ", ".join(f"{count} {behavior}" for behavior, count in sorted(behaviors.items()))
    print(f"{len(cases)} cases of the Autobahn suite: {counts}")
    # A suite that lost its cases would find no fault.
    return 0 if cases and not wrong else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
