# SPDX-License-Identifier: GPL-2.0-only
# The words in which suite.sh asks about a run's report.

# A check's result, with words that its reason must have.
def judged(name; result; words): .checks[] | select(.name == name) | .result == result and (.reason | contains(words));
def judged(name; result): judged(name; result; "");
def phase(name): .phases[] | select(.name == name);

# Nothing failed, as far as this host can tell.
def went_well:
	.error == null and all(.checks[]; .result != "fail") and judged("host.kvm"; "pass") and judged("guest.clean"; "pass") and
	judged("process.clean"; "pass") and all(.phases[]; .done) and .phases[-1].do == "teardown" and .guest.trouble == null;

# The workers of the phase `churn` that do an op; their steps, once all their rounds went well.
def workers(op): phase("churn") | .workers[] | select(.op == op);
def steps(op; rounds): workers(op) | if .failures == 0 and .rounds == rounds then .steps else null end;
def steps(op): steps(op; 10);
# An op that this host may not have.
def had(op): workers(op) | .failures == 0 and (.unavailable != null or .rounds == 10);
