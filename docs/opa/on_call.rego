# The well-known on-call policy, over the document that jitbot sends: somebody who is on call at
# min_escalation_level or above gets it, for half an hour; everybody else is denied.
package jit

import rego.v1

min_escalation_level := 1

default decision := {"allow": false}

decision := {"allow": true, "ttl": "30m"} if {
	input.oncalls_known
	some entry in input.oncalls
	entry.user.email == input.person.email
	entry.escalation_level >= min_escalation_level
}
