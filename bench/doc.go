// Package bench measures exdesk beside what a Go program would use today, in
// one run, against the same servers in another process. See the run command.
package bench

import (
	_ "github.com/Azure/azure-sdk-for-go/sdk/azcore"
	_ "github.com/emersion/go-message"
	_ "github.com/exdesk/exdesk"
	_ "github.com/jhillyerd/enmime/v2"
	_ "github.com/microsoftgraph/msgraph-sdk-go"
	_ "github.com/mnako/letters"
	_ "github.com/nukosuke/go-zendesk/zendesk"
	_ "golang.org/x/time/rate"
)
