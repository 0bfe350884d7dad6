package automail

import (
	"fmt"
	"hash/fnv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/corpus"
)

// labels are the kinds of the mails in the shared collection that are not
// ordinary, by file. Those of sisimai are labelled by their names.
var labels = map[string]Kind{
	"enmime/mail_multipart-wo-boundary.raw":                                   Bounce,
	"enmime/testdata_delayed_dsn.raw":                                         Bounce,
	"enmime/testdata_dsn_with_multipart_alternative.raw":                      Bounce,
	"enmime/testdata_multi_recipient_dsn.raw":                                 Bounce,
	"enmime/testdata_simple_dsn.raw":                                          Bounce,
	"enmime/testdata_simple_dsn_with_html.raw":                                Bounce,
	"flanker/fixtures_disposition-notification.eml":                           Receipt,
	"imap_tools/mime_emails_raw_email_with_mimepart_without_content_type.eml": Bounce,
	"imap_tools/multipart_report_emails_multi_address_bounce1.eml":            Bounce,
	"imap_tools/multipart_report_emails_multipart_report_multiple_status.eml": Bounce,
	"imap_tools/multipart_report_emails_report_422.eml":                       Bounce,
	"imap_tools/multipart_report_emails_report_530.eml":                       Bounce,
	"mimekit/bounce.txt":                                                      Bounce,
	"mimekit/delivery-status-multiple-blank-lines.txt":                        Bounce,
	"mimekit/delivery-status-no-blank-line.txt":                               Bounce,
	"mimekit/delivery-status.anonymized.eml":                                  Bounce,
	"mimekit/delivery-status.txt":                                             Bounce,
	"mimekit/delivery-status2.txt":                                            Bounce,
	"mimekit/disposition-notification.anonymized.eml":                         Receipt,
	"mimekit/disposition-notification.txt":                                    Receipt,
	"mimekit/feedback-report.txt":                                             Complaint,
	"mox/message_message-rfc822-multipart.eml":                                Bounce,
	"mox/message_message-rfc822-multipart2.eml":                               Bounce,
	"postalmime/fixtures_arf.eml":                                             Complaint,
	"postalmime/fixtures_bounce.eml":                                          Bounce,
	"webklex/example_bounce.eml":                                              Bounce,
}

func label(name string) Kind {
	base, ok := strings.CutPrefix(name, "sisimai/")
	switch {
	case !ok:
		return labels[name]
	case strings.HasPrefix(base, "bsd_rfc3834"):
		return AutoReply
	case strings.HasPrefix(base, "bsd_arf"):
		return Complaint
	case strings.HasPrefix(base, "bsd_"), base == "err_make-test-06.eml": // a bounce that sisimai once failed on
		return Bounce
	}
	return Ordinary
}

// heldOut tells the half of the labelled mails that the rules were not made
// with.
func heldOut(name string) bool {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32()%2 == 1
}

type sample struct {
	name  string
	label Kind
	Verdict
	words    bool     // a bounce by its fields and words, even if no report were in it
	statuses []string // that sisimai finds
}

// samples judges the shared collection of real mail; without it the test is
// skipped.
func samples(t *testing.T) []sample {
	t.Helper()
	all, err := corpus.Mails()
	require.NoError(t, err)
	if all == nil {
		t.Skip(corpus.Variable + " is not set")
	}
	var list []sample
	for _, c := range all {
		s := sample{name: c.Name, label: label(c.Name)}
		if strings.HasPrefix(s.name, "sisimai/") {
			var expected struct {
				Bounce []struct {
					Status string `json:"status"`
				} `json:"bounce"`
			}
			_, err := c.Expected(&expected)
			require.NoError(t, err)
			for _, b := range expected.Bounce {
				s.statuses = append(s.statuses, b.Status)
			}
		}
		e := evidence(c.Raw)
		if s.Verdict = Judge(e); e.Header != nil {
			s.words = newMail(e).bounce().Kind == Bounce
		}
		list = append(list, s)
	}
	return list
}

// alarm tells the kinds that take a mail away from people.
func alarm(k Kind) bool {
	return k == Bounce || k == AutoReply || k == Receipt || k == Complaint
}

// TestCorpus prints, with -v, what became of each kind of mail. The rules were
// made with the first half of the mails that are not ordinary.
func TestCorpus(t *testing.T) {
	t.Parallel()
	kinds := []Kind{Bounce, AutoReply, Receipt, Complaint, Generated, Bulk, Ordinary}
	type figures struct {
		count       map[Kind]map[Kind]int
		withID      int // bounces with the Message-ID of the original
		withAddress int
		words       int
	}
	halves := [2]figures{{count: map[Kind]map[Kind]int{}}, {count: map[Kind]map[Kind]int{}}}
	falseAlarms := 0
	all := samples(t)
	for _, s := range all {
		half := &halves[0]
		if heldOut(s.name) {
			half = &halves[1]
		}
		if half.count[s.label] == nil {
			half.count[s.label] = map[Kind]int{}
		}
		half.count[s.label][s.Kind]++
		if s.label == Ordinary && alarm(s.Kind) {
			falseAlarms++
		}
		if s.label != s.Kind {
			t.Logf("%s: %q, but judged %q: %s", s.name, s.label, s.Kind, s.Why)
		}
		if s.label == Bounce && s.words {
			half.words++
		}
		if s.label == Bounce && s.Kind == Bounce {
			if len(s.Original) > 0 {
				half.withID++
			} else {
				t.Logf("%s: no original", s.name)
			}
			if len(s.Recipients) > 0 {
				half.withAddress++
			} else {
				t.Logf("%s: no recipient", s.name)
			}
			if len(s.statuses) > 0 && s.statuses[0] != s.Status {
				t.Logf("%s: status %q, sisimai says %v", s.name, s.Status, s.statuses)
			}
		}
	}
	for i, half := range halves {
		table := fmt.Sprintf("%s half, expected down, verdict across:\n%12s", [...]string{"first", "held-out"}[i], "")
		for _, k := range kinds {
			table += fmt.Sprintf("%12s", shown(k))
		}
		for _, want := range kinds {
			if half.count[want] == nil {
				continue
			}
			table += fmt.Sprintf("\n%12s", shown(want))
			for _, got := range kinds {
				table += fmt.Sprintf("%12d", half.count[want][got])
			}
		}
		t.Logf("%s\nbounces with the original's Message-ID: %d, with a recipient: %d, known without the report: %d", table, half.withID, half.withAddress, half.words)
	}
	t.Logf("%d mails, %d false alarms", len(all), falseAlarms)
	require.Zero(t, falseAlarms)
	// Never worse than they were. The bounce that is missed is a notification
	// of Amazon SNS, which tells of one in JSON.
	found := func(k Kind) int { return halves[0].count[k][k] + halves[1].count[k][k] }
	require.GreaterOrEqual(t, found(Bounce), 58)
	require.GreaterOrEqual(t, found(AutoReply), 6)
	require.GreaterOrEqual(t, found(Receipt), 3)
	require.GreaterOrEqual(t, found(Complaint), 8)
	require.GreaterOrEqual(t, halves[0].withID+halves[1].withID, 44, "no other bounce names its original")
	require.GreaterOrEqual(t, found(Ordinary), 303, "the others are tagged as generated or bulk")
}

func shown(k Kind) string {
	if k == Ordinary {
		return "ordinary"
	}
	return string(k)
}
