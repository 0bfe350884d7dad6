// The relaystack command measures what a notification costs that leaves through
// the mailbox by Microsoft's SDK, used as its documentation shows. It makes a
// draft, gives it the file, and sends it: without a draft nobody would know what
// was sent. The header is what JSON can say, so that of the fields that Zendesk
// protects only four are asked for, and nobody looks whether Exchange kept them. It
// is in a package of its own because the SDK takes minutes to compile.
package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	azureauth "github.com/microsoft/kiota-authentication-azure-go"
	"github.com/microsoftgraph/msgraph-sdk-go"
	"github.com/microsoftgraph/msgraph-sdk-go-core/fileuploader"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/exdesk/exdesk/bench/internal/delivery"
	"github.com/exdesk/exdesk/bench/internal/measure"
	"github.com/exdesk/exdesk/bench/internal/notices"
	"github.com/exdesk/exdesk/bench/internal/servers"
)

func main() { measure.Main(delivery.Measurements("SDK", open, "5KB", "2MB", "30MB")...) }

const (
	// inline is the largest file that can be given in one request ("Attach large
	// files to Outlook messages or events").
	inline = 3_000_000
	// slice is what exdesk sends at a time as well. The documentation's example has
	// 320 KiB.
	slice = 12 * 320 << 10
)

type sender struct {
	adapter *msgraphsdkgo.GraphRequestAdapter
	box     *users.UserItemRequestBuilder
}

// token is a credential that has its token.
type token string

func (t token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(t), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func open(at *servers.Access) (delivery.Sender, error) {
	auth, err := azureauth.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(token(at.GraphToken), nil, []string{"127.0.0.1"})
	if err != nil {
		return nil, err
	}
	adapter, err := msgraphsdkgo.NewGraphRequestAdapter(auth)
	if err != nil {
		return nil, err
	}
	adapter.SetBaseUrl(at.Graph)
	s := &sender{adapter, msgraphsdkgo.NewGraphServiceClient(adapter).Users().ByUserId(at.Mailbox)}
	return s.send, nil
}

func (s *sender) send(ctx context.Context, p *delivery.Parcel) error {
	m := message(p)
	large := p.Notice.File > inline
	if p.Notice.File > 0 && !large {
		octets, err := os.ReadFile(p.File)
		if err != nil {
			return err
		}
		a := models.NewFileAttachment()
		a.SetName(new(notices.FileName))
		a.SetContentType(new("application/pdf"))
		a.SetContentBytes(octets)
		m.SetAttachments([]models.Attachmentable{a})
	}
	draft, err := s.box.Messages().Post(ctx, m, nil)
	if err != nil {
		return err
	}
	item := s.box.Messages().ByMessageId(*draft.GetId())
	if large {
		if err := s.upload(ctx, item, p); err != nil {
			return err
		}
	}
	return item.Send().Post(ctx, nil)
}

func message(p *delivery.Parcel) models.Messageable {
	m := models.NewMessage()
	m.SetSubject(&p.Subject)
	m.SetInternetMessageId(&p.MessageID)
	body := models.NewItemBody()
	body.SetContentType(new(models.HTML_BODYTYPE))
	body.SetContent(&p.HTML)
	m.SetBody(body)
	m.SetToRecipients([]models.Recipientable{recipient(p.To)})
	m.SetReplyTo([]models.Recipientable{recipient(p.From)})
	var fields []models.InternetMessageHeaderable
	for _, f := range [][2]string{
		{"X-Auto-Response-Suppress", "All"}, {"X-Mailer", "Zendesk Mailer"},
		{"X-Zendesk-From-Account-Id", "cc6f582"}, {"X-Zendesk-Email-Id", p.MessageID},
	} {
		h := models.NewInternetMessageHeader()
		h.SetName(&f[0])
		h.SetValue(&f[1])
		fields = append(fields, h)
	}
	m.SetInternetMessageHeaders(fields)
	return m
}

func recipient(address string) models.Recipientable {
	a := models.NewEmailAddress()
	a.SetAddress(&address)
	r := models.NewRecipient()
	r.SetEmailAddress(a)
	return r
}

func (s *sender) upload(ctx context.Context, item *users.ItemMessagesMessageItemRequestBuilder, p *delivery.Parcel) error {
	a := models.NewAttachmentItem()
	a.SetAttachmentType(new(models.FILE_ATTACHMENTTYPE))
	a.SetName(new(notices.FileName))
	a.SetContentType(new("application/pdf"))
	a.SetSize(&p.Notice.File)
	body := users.NewItemMessagesItemAttachmentsCreateUploadSessionPostRequestBody()
	body.SetAttachmentItem(a)
	session, err := item.Attachments().CreateUploadSession().Post(ctx, body, nil)
	if err != nil {
		return err
	}
	f, err := os.Open(p.File)
	if err != nil {
		return err
	}
	defer f.Close()
	task := fileuploader.NewLargeFileUploadTask[models.FileAttachmentable](s.adapter, session, f, slice, models.CreateFileAttachmentFromDiscriminatorValue, nil)
	result := task.Upload(func(int64, int64) {})
	if !result.GetUploadSucceeded() {
		return errors.Join(result.GetResponseErrors()...)
	}
	return nil
}
