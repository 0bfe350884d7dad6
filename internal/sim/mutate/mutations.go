package main

// mutation is a way to break the protocol: a text in a file of the product, which
// is there once, and what stands in its place.
type mutation struct {
	name     string
	file     string
	old, new string
}

var mutations = []mutation{
	{"label before ticket", "ingest.go",
		"	res, err := p.try(ctx, mail)\n",
		"	p.c.mailbox.Label(ctx, []Mark{{ID: mail.ID, Categories: []string{p.c.opts.Labels.Processed}, Record: p.c.record(mail.ID, Created)}})\n	res, err := p.try(ctx, mail)\n"},
	{"no idempotency key", "zendesk/ticket.go",
		`		Header: http.Header{"Idempotency-Key": {key}},`,
		`		Header: http.Header{},`},
	{"blind resend", "dispatch.go",
		"		p, unresolved := d.resolve(ctx)\n		switch {\n		case unresolved != nil:",
		"		if err = d.box.Send(ctx, d.id); errors.Is(err, ErrNotFound) {\n			d.id = \"\"\n			return false, fmt.Errorf(\"%w: %w\", ErrTemporary, errors.New(\"gone\"))\n		}\n		p, unresolved := d.resolve(ctx)\n		switch {\n		case unresolved != nil:"},
	{"no look-up, however old the mail", "once.go",
		"	return id.since.IsZero() || p.deskNow().Sub(id.since) > keyLife",
		"	return false && p.deskNow().Sub(id.since) > keyLife"},
	{"digest ignored on a hit", "once.go",
		"case t.Origin.Mail == id.mail || t.Origin.Digest == id.digest:",
		"case true:"},
	{"Reply-To speaks", "place.go",
		"	person, err := people.Person(ctx, it.msg.From.Address)\n",
		"	who := it.msg.From.Address\n	if len(it.msg.ReplyTo) > 0 {\n		who = it.msg.ReplyTo[0].Address\n	}\n	person, err := people.Person(ctx, who)\n"},
	{"an empty look believed after a restart", "dispatch.go",
		"		settled = before.Add(d.c.relay().Settle)",
		"		settled = time.Time{}"},
	{"only the first page of audits", "zendesk/conversation.go",
		"		if req = page.next(req.Op); req != nil && n == mostAudits {",
		"		if req = nil; req != nil && n == mostAudits {"},
	{"stale categories written back", "graph/label.go",
		"Body: patch(&marks[i], m.categories)}",
		"Body: patch(&marks[i], nil)}"},
	{"no limit of fetching", "process.go",
		"		slot, err := p.c.limiter().Reserve(ctx, p.c.mailbox.Address(), Cost{Messages: 1})",
		"		slot, err := Unlimited.Reserve(ctx, p.c.mailbox.Address(), Cost{Messages: 1})"},
	{"a 429 says nothing to other requests", "internal/rest/rest.go",
		"		c.Hush(f.Wait)\n",
		""},
	{"what was sent is not seen", "dispatch.go",
		"func (d *dispatch) seen(copies []*Copy) bool {\n",
		"func (d *dispatch) seen(copies []*Copy) bool {\n	copies = nil\n"},
}
