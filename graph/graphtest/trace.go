package graphtest

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"time"
)

// NoAuth as Delivery.Auth is mail of which Exchange wrote no
// Authentication-Results and no Received-SPF.
const NoAuth = "-"

// The host that mail from outside comes from.
const (
	outsideHost    = "mail.example.test"
	outsideAddress = "192.0.2.25"
)

// header is the header of a message as Exchange serves it.
type header struct {
	trace   []field // what Exchange wrote on the way, the newest first
	foreign []field // what the sender wrote, as far as Exchange lets it in
	stamps  []field // X-MS-Exchange-* and what else Exchange adds below
	late    bool    // the trace stands below what is foreign
}

// all returns the fields in the order in which they are served.
func (h *header) all() []field {
	var list []field
	if h.late {
		list = append(append(list, h.foreign...), h.trace...)
	} else {
		list = append(append(list, h.trace...), h.foreign...)
	}
	return append(list, h.stamps...)
}

// transit is the way of a message through Exchange Online: the servers it
// passed, and what they made of its sender.
//
// The order and the forms are those of mail that people published, such as a
// bounce of 2 October 2026 that holds all of it: the hops within, the verdict,
// the hop at the boundary, the sender's fields, and below them X-MS-Exchange-*.
// Microsoft documents the verdict alone ("Anti-spam message headers").
type transit struct {
	it       *item
	internal bool
	auth     string // Delivery.Auth
	named    bool   // Options.NamedAuth
	id       string // of the message in transport
	store    string // the mailbox server
	hub      string // the one before it
	edge     string // the one at the boundary; the sender's own of internal mail
}

const (
	build   = "15.20.9769.17"
	withOld = "Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id " + build
	withNew = "Microsoft SMTP Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id " + build
)

func newTransit(it *item, d *Delivery, named bool) *transit {
	sum := sha256.Sum256([]byte(it.immutable))
	name := func(i int) string { return strings.ToUpper(hex.EncodeToString(sum[i : i+2])) }
	t := &transit{it: it, internal: d.Internal, auth: d.Auth, named: named, id: guidOf(sum[10:26]),
		store: "DB9PR01MB" + name(0), hub: "AM0PR02CA" + name(2), edge: "AMS1EPF0000" + name(4)}
	if t.internal {
		t.edge = "AS8PR01MB" + name(4)
	}
	return t
}

func (t *transit) received(ago time.Duration, text string) field {
	return field{"Received", []byte(text + "; " + t.it.received.Add(-ago).Format("Mon, 2 Jan 2006 15:04:05 -0700"))}
}

// trace returns what was written on the way, the newest first.
func (t *transit) trace() []field {
	const store, hub, edge = "(2603:10a6:10:2cc::19)", "(2603:10a6:208:1::25)", "(2603:10a6:208:1:cafe::c9)"
	mailbox := t.store + ".eurprd01.prod.outlook.com"
	if t.internal {
		// No boundary: the first server is the sender's own.
		sender := t.edge + ".eurprd01.prod.outlook.com"
		list := []field{t.received(0, "from "+mailbox+" "+store+" by VI1PR01MB0001.eurprd01.prod.outlook.com with HTTPS")}
		list = append(list, t.verdict()...)
		return append(list,
			t.received(2*time.Second, "from "+sender+" "+hub+" by "+mailbox+" "+store+" with "+withOld),
			t.received(2*time.Second, "from "+sender+" ([fe80::72e:658e:6a4e:2ede]) by "+sender+" ([fe80::72e:658e:6a4e:2ede%4]) with mapi id "+build))
	}
	list := []field{
		t.received(0, "from "+mailbox+" (::1) by VI1PR01MB0001.eurprd01.prod.outlook.com with HTTPS"),
		t.received(time.Second, "from "+t.hub+".eurprd02.prod.outlook.com "+hub+" by "+mailbox+" "+store+" with "+withOld),
		t.received(2*time.Second, "from "+t.edgeHost()+" "+edge+" by "+t.hub+".outlook.office365.com "+hub+" with "+withNew+" via Frontend Transport"),
	}
	list = append(list, t.verdict()...)
	return append(list,
		t.received(2*time.Second, "from "+outsideHost+" ("+outsideAddress+") by "+t.edge+".mail.protection.outlook.com (10.167.16.104) with "+withNew+" via Frontend Transport"))
}

func (t *transit) edgeHost() string { return t.edge + ".eurprd04.prod.outlook.com" }

// verdict returns Authentication-Results and, of mail from outside, what SPF
// alone says.
func (t *transit) verdict() []field {
	domain := senderDomain(t.it.mail)
	text := t.auth
	switch {
	case text == NoAuth:
		return nil
	case text != "":
	case t.internal:
		text = "dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=" + domain + ";"
	case domain == "": // seen of mail whose From has none
		text = "spf=none (sender IP is " + outsideAddress + ") smtp.helo=" + outsideHost +
			"; dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=;"
	default:
		text = "spf=pass (sender IP is " + outsideAddress + ") smtp.mailfrom=" + domain +
			"; dkim=pass (signature was verified) header.d=" + domain +
			";dmarc=pass action=none header.from=" + domain + ";compauth=pass reason=100"
	}
	if t.named && t.auth == "" {
		text = "mx.microsoft.com 1; " + text
	}
	list := []field{{"Authentication-Results", []byte(text)}}
	if spf := receivedSPF(text); spf != "" && !t.internal {
		list = append(list, field{"Received-SPF", []byte(spf)})
	}
	return list
}

var spfResult = regexp.MustCompile(`(?i)\bspf=([a-z]+)(?:[^;]*\bsmtp\.mailfrom=([^\s;]+))?`)

// spfForms are how Received-SPF puts a result.
var spfForms = map[string]string{
	"pass":     "Pass (protection.outlook.com: domain of {domain} designates {ip} as permitted sender) receiver=protection.outlook.com; client-ip={ip}; helo={helo}; pr=C",
	"fail":     "Fail (protection.outlook.com: domain of {domain} does not designate {ip} as permitted sender) receiver=protection.outlook.com; client-ip={ip}; helo={helo};",
	"softfail": "SoftFail (protection.outlook.com: domain of transitioning {domain} discourages use of {ip} as permitted sender)",
	"neutral":  "Neutral (protection.outlook.com: {ip} is neither permitted nor denied by domain of {domain})",
	"none":     "None (protection.outlook.com: {domain} does not designate permitted sender hosts)",
}

// receivedSPF says once more what a verdict says of SPF.
func receivedSPF(verdict string) string {
	m := spfResult.FindStringSubmatch(verdict)
	if m == nil {
		return ""
	}
	domain := m[2]
	if domain == "" {
		domain = outsideHost
	}
	return strings.NewReplacer("{domain}", domain, "{ip}", outsideAddress, "{helo}", outsideHost).Replace(spfForms[strings.ToLower(m[1])])
}

// stamps returns what stands below the sender's fields.
func (t *transit) stamps() []field {
	source, as, way, entity, scl := t.edgeHost(), "Anonymous", "Incoming", "Internet", "1"
	if t.internal {
		source, as, way, entity, scl = t.edge+".eurprd01.prod.outlook.com", "Internal", "Originating", "Hosted", "-1"
	}
	var list []field
	add := func(name, value string) { list = append(list, field{name, []byte(value)}) }
	add("X-MS-Exchange-Organization-Network-Message-Id", t.id)
	add("X-EOPAttributedMessage", "0")
	add("X-MS-Exchange-Organization-MessageDirectionality", way)
	add("X-MS-PublicTrafficType", "Email")
	add("X-MS-Exchange-Organization-AuthSource", source)
	add("X-MS-Exchange-Organization-AuthAs", as)
	if t.internal {
		add("X-MS-Exchange-Organization-AuthMechanism", "04")
	}
	add("X-MS-Exchange-Organization-SCL", scl)
	add("X-MS-Exchange-CrossTenant-Network-Message-Id", t.id)
	add("X-MS-Exchange-CrossTenant-AuthSource", source)
	add("X-MS-Exchange-CrossTenant-AuthAs", as)
	add("X-MS-Exchange-CrossTenant-FromEntityHeader", entity)
	add("X-MS-Exchange-Transport-CrossTenantHeadersStamped", t.store)
	return list
}

// senderDomain returns the domain of the first address of From, nothing if
// there is none that could stand in a verdict.
func senderDomain(m *mail) string {
	list := m.people("From")
	if len(list) == 0 {
		return ""
	}
	domain := list[0].address[strings.LastIndexByte(list[0].address, '@')+1:]
	if strings.ContainsFunc(domain, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`;()<>",\@=`, r) }) {
		return ""
	}
	return domain
}
