// The stack command measures what a Go program would be made of today: Microsoft's
// SDK for Graph, enmime for the mail, and a client for Zendesk, each used as its
// documentation shows. It is in a package of its own because the SDK takes
// minutes to compile.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/jhillyerd/enmime/v2"
	"github.com/microsoft/kiota-abstractions-go"
	azureauth "github.com/microsoft/kiota-authentication-azure-go"
	"github.com/microsoft/kiota-http-go"
	"github.com/microsoftgraph/msgraph-sdk-go"
	"github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
	"github.com/nukosuke/go-zendesk/zendesk"

	"github.com/exdesk/exdesk/bench/internal/job"
	"github.com/exdesk/exdesk/bench/internal/measure"
	"github.com/exdesk/exdesk/bench/internal/servers"
)

func main() { measure.Main(job.Measurements("SDK + enmime + go-zendesk", open)...) }

type worker struct {
	graph *msgraphsdkgo.GraphServiceClient
	box   *users.UserItemRequestBuilder
	desk  *zendesk.Client
}

// token is a credential that has its token.
type token string

func (t token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(t), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func open(at *servers.Access, dial job.Dial) (job.Worker, error) {
	auth, err := azureauth.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(token(at.GraphToken), nil, []string{"127.0.0.1"})
	if err != nil {
		return nil, err
	}
	var graphHTTP, deskHTTP *http.Client
	if dial != nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.DialContext = dial
		options := msgraphsdkgo.GetDefaultClientOptions()
		middleware := msgraphgocore.GetDefaultMiddlewaresWithOptions(&options)
		graphHTTP = &http.Client{Transport: nethttplibrary.NewCustomTransportWithParentTransport(t, middleware...)}
		deskHTTP = &http.Client{Transport: t}
	}
	adapter, err := msgraphsdkgo.NewGraphRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(auth, nil, nil, graphHTTP)
	if err != nil {
		return nil, err
	}
	adapter.SetBaseUrl(at.Graph)
	w := &worker{graph: msgraphsdkgo.NewGraphServiceClient(adapter)}
	w.box = w.graph.Users().ByUserId(at.Mailbox)
	if w.desk, err = zendesk.NewClient(deskHTTP); err != nil {
		return nil, err
	}
	w.desk.SetCredential(zendesk.NewBearerTokenCredential(at.ZendeskToken))
	return w, w.desk.SetEndpointURL(at.Zendesk + "/api/v2")
}

func (w *worker) unread(ctx context.Context) ([]models.Messageable, error) {
	top, filter := int32(100), "isRead eq false"
	page, err := w.box.MailFolders().ByMailFolderId("inbox").Messages().Get(ctx, &users.ItemMailFoldersItemMessagesRequestBuilderGetRequestConfiguration{
		Headers: immutable(),
		QueryParameters: &users.ItemMailFoldersItemMessagesRequestBuilderGetQueryParameters{
			Filter: &filter, Top: &top,
			Select: []string{"id", "internetMessageId", "subject", "receivedDateTime", "sentDateTime", "conversationId", "categories", "isRead", "hasAttachments", "from"},
		},
	})
	if err != nil {
		return nil, err
	}
	return page.GetValue(), nil
}

func immutable() *abstractions.RequestHeaders {
	h := abstractions.NewRequestHeaders()
	h.Add("Prefer", `IdType="ImmutableId"`)
	return h
}

func (w *worker) List(ctx context.Context) (int, error) {
	mails, err := w.unread(ctx)
	return len(mails), err
}

// Ingest takes a page of the unread mail as long as there is one: what was
// marked read is not on it any more.
func (w *worker) Ingest(ctx context.Context) (n int, err error) {
	for {
		mails, err := w.unread(ctx)
		if err != nil || len(mails) == 0 {
			return n, err
		}
		for _, m := range mails {
			if err := w.one(ctx, m); err != nil {
				return n, err
			}
			n++
		}
		if len(mails) < 100 {
			return n, nil
		}
	}
}

func (w *worker) one(ctx context.Context, m models.Messageable) error {
	raw, err := w.box.Messages().ByMessageId(*m.GetId()).Content().Get(ctx, nil)
	if err != nil {
		return err
	}
	mail, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	from, err := mail.AddressList("From")
	if err != nil || len(from) == 0 {
		return fmt.Errorf("no From: %w", err)
	}
	comment := &zendesk.TicketComment{Body: mail.Text, CreatedAt: time.Now()}
	if mail.HTML != "" {
		comment.Body, comment.HTMLBody = "", mail.HTML
	}
	for _, part := range append(mail.Attachments, mail.Inlines...) {
		up := w.desk.UploadAttachment(ctx, part.FileName, "")
		if _, err := io.Copy(up, bytes.NewReader(part.Content)); err != nil {
			return err
		}
		file, err := up.Close()
		if err != nil {
			return err
		}
		comment.Uploads = append(comment.Uploads, file.Token)
	}
	_, err = w.desk.CreateTicket(ctx, zendesk.Ticket{
		Subject: mail.GetHeader("Subject"), ExternalID: *m.GetInternetMessageId(), Comment: comment,
		Requester: &zendesk.Requester{Name: from[0].Name, Email: from[0].Address},
	})
	if err != nil {
		return err
	}
	return w.label(ctx, *m.GetId(), m.GetCategories())
}

func (w *worker) Label(ctx context.Context, id string) error { return w.label(ctx, id, nil) }

func (w *worker) label(ctx context.Context, id string, categories []string) error {
	change, read := models.NewMessage(), true
	change.SetIsRead(&read)
	change.SetCategories(append(categories, job.Category))
	_, err := w.box.Messages().ByMessageId(id).Patch(ctx, change, &users.ItemMessagesMessageItemRequestBuilderPatchRequestConfiguration{Headers: immutable()})
	return err
}
