package settings

import (
	"fmt"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/entra"
)

// early is how long before its end a certificate is spoken of.
const early = 30 * 24 * time.Hour

// Ending is what a check should tell besides: that the application's certificate
// ends soon, or has ended. Of a secret nobody is told when it ends.
func (s *Settings) Ending(now time.Time) exdesk.Findings {
	cert, ok := s.credential.(*entra.Certificate)
	if !ok || cert == nil || now.Before(cert.NotAfter().Add(-early)) {
		return nil
	}
	f := exdesk.Finding{Subject: "certificate", Severity: exdesk.Warning,
		What: fmt.Sprintf("the application's certificate ends on %s, in %d days", cert.NotAfter().UTC().Format(time.DateOnly), int(cert.NotAfter().Sub(now).Hours()/24)),
		Do:   "make a new one, register it beside this one, and set EXDESK_CLIENT_CERTIFICATE to it"}
	if now.After(cert.NotAfter()) {
		f.Severity, f.What = exdesk.Failure, "the application's certificate ended on "+cert.NotAfter().UTC().Format(time.DateOnly)
	}
	return exdesk.Findings{f}
}
