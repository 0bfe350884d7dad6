// Turns the unread mail of a mailbox into tickets, as the documentation of these
// modules does it, with the least code.
package main

import (
	"bytes"
	"context"
	"log"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/jhillyerd/enmime/v2"
	msgraph "github.com/microsoftgraph/msgraph-sdk-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
	"github.com/nukosuke/go-zendesk/zendesk"
)

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func main() {
	log.SetPrefix("importer: ")
	ctx := context.Background()
	credential := must(azidentity.NewClientSecretCredential("contoso.com", os.Getenv("ENTRA_CLIENT_ID"), os.Getenv("ENTRA_CLIENT_SECRET"), nil))
	graph := must(msgraph.NewGraphServiceClientWithCredentials(credential, []string{"https://graph.microsoft.com/.default"}))
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
