package zendesktest

// via tells how something came about.
// https://developer.zendesk.com/documentation/ticketing/reference-guides/via-object-reference/
type via struct {
	channel string
	rel     string // "" is null
	from    object
}

var (
	byAPI = via{channel: "api"}
	byWeb = via{channel: "web"} // the agent interface
	// QUIRK: an import is told from other API calls by rel, as an early
	// edition of the reference has it; the present one is silent.
	byImport = via{channel: "api", rel: "import"}
)

// continued is the via of a follow-up.
func continued(t *ticket) via {
	return via{channel: "api", rel: "follow_up",
		from: object{"ticket_id": t.id, "subject": t.subject, "channel": t.via.channel}}
}

// mergedInto is the via of what a merge does to a source, and mergedFrom of
// what it does to the target. No page shows them: the rel is in an early
// edition of the reference, under the channel "system"; the keys are what
// clients read that were made for real accounts.
func mergedInto(t *ticket) via {
	return via{channel: "system", rel: "merge", from: object{"ticket_id": t.id, "subject": t.subject}}
}

func mergedFrom(list []*ticket) via {
	ids := []int64{}
	for _, t := range list {
		ids = append(ids, t.id)
	}
	return via{channel: "system", rel: "merge", from: object{"ticket_ids": ids}}
}

func (v via) json() object {
	from := v.from
	if from == nil {
		from = object{}
	}
	return object{"channel": v.channel, "source": object{"from": from, "to": object{}, "rel": orNull(v.rel)}}
}
