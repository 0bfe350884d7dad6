// Turns the unread mail of a mailbox into tickets, as their documentation does it
// with the least code. Its token is there already: to get one takes a further
// module.
package main

import (
	"bytes"
	"context"
	"log"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/jhillyerd/enmime/v2"
	msgraph "github.com/microsoftgraph/msgraph-sdk-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
	"github.com/nukosuke/go-zendesk/zendesk"
)

type token string

func (t token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(t), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func main() {
	log.SetPrefix("importer: ")
	ctx := context.Background()
	graph := must(msgraph.NewGraphServiceClientWithCredentials(token(os.Getenv("GRAPH_TOKEN")), []string{"https://graph.microsoft.com/.default"}))
	desk := must(zendesk.NewClient(nil))
	if err := desk.SetSubdomain("acme"); err != nil {
		log.Fatal(err)
	}
	desk.SetCredential(zendesk.NewAPITokenCredential("support@contoso.com", os.Getenv("ZENDESK_TOKEN")))
	user := graph.Users().ByUserId("support@contoso.com")
	page := must(user.MailFolders().ByMailFolderId("inbox").Messages().Get(ctx, &users.ItemMailFoldersItemMessagesRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.ItemMailFoldersItemMessagesRequestBuilderGetQueryParameters{
			Filter: new("isRead eq false"), Select: []string{"id", "categories"}, Top: new(int32(25)),
		},
	}))
	for _, m := range page.GetValue() {
		mail := user.Messages().ByMessageId(*m.GetId())
		env := must(enmime.ReadEnvelope(bytes.NewReader(must(mail.Content().Get(ctx, nil)))))
		var tokens []string
		for _, a := range env.Attachments {
			w := desk.UploadAttachment(ctx, a.FileName, "")
			must(w.Write(a.Content))
			tokens = append(tokens, must(w.Close()).Token)
		}
		must(desk.CreateTicket(ctx, zendesk.Ticket{
			Subject:   env.GetHeader("Subject"),
			Requester: &zendesk.Requester{Email: env.GetHeader("From")},
			Comment:   &zendesk.TicketComment{HTMLBody: env.HTML, Uploads: tokens},
		}))
		done := models.NewMessage()
		done.SetIsRead(new(true))
		done.SetCategories(append(m.GetCategories(), "Zendesk"))
		must(mail.Patch(ctx, done, nil))
	}
}
