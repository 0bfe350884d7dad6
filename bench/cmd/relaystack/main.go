// The relaystack command measures what a notification costs that is read by
// enmime and leaves through the mailbox by Microsoft's SDK, each used as its
// documentation shows. It makes a draft, gives it the file, and sends it: without a
// draft nobody would know what was sent. The header is what JSON can say, so that
// of the fields that Zendesk protects only four are asked for; nobody looks
// whether Exchange kept them, nor whether the notification was sent before. It is
// in a package of its own because the SDK takes minutes to compile.
package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/jhillyerd/enmime/v2"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	azureauth "github.com/microsoft/kiota-authentication-azure-go"
	"github.com/microsoftgraph/msgraph-sdk-go"
	"github.com/microsoftgraph/msgraph-sdk-go-core/fileuploader"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/exdesk/exdesk/bench/internal/delivery"
	"github.com/exdesk/exdesk/bench/internal/measure"
	"github.com/exdesk/exdesk/bench/internal/servers"
)

func main() { measure.Main(delivery.Measurements("SDK + enmime", open, "5KB", "2MB", "30MB")...) }

const (
	// inline is the largest file that can be given in one request ("Attach large
	// files to Outlook messages or events").
	inline = 3_000_000
	// slice is what exdesk sends at a time as well. The documentation's example has
	// 320 KiB.
	slice = 12 * 320 << 10
)

type sender struct {
	box    *users.UserItemRequestBuilder
	upload *msgraphsdkgo.GraphRequestAdapter
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
	// Upload sessions are on another host as a rule, which must not be sent a token.
	upload, err := msgraphsdkgo.NewGraphRequestAdapter(&authentication.AnonymousAuthenticationProvider{})
	if err != nil {
		return nil, err
	}
	s := &sender{msgraphsdkgo.NewGraphServiceClient(adapter).Users().ByUserId(at.Mailbox), upload}
	return s.send, nil
}

func (s *sender) send(ctx context.Context, p *delivery.Parcel) error {
	in, err := os.Open(p.MIME)
	if err != nil {
		return err
	}
	defer in.Close()
	env, err := enmime.ReadEnvelope(in)
	if err != nil {
		return err
	}
	m, err := message(env)
	if err != nil {
		return err
	}
	var large []*enmime.Part
	var small []models.Attachmentable
	for _, part := range env.Attachments {
		if len(part.Content) > inline {
			large = append(large, part)
			continue
		}
		a := models.NewFileAttachment()
		a.SetName(&part.FileName)
		a.SetContentType(&part.ContentType)
		a.SetContentBytes(part.Content)
		small = append(small, a)
	}
	m.SetAttachments(small)
	draft, err := s.box.Messages().Post(ctx, m, nil)
	if err != nil {
		return err
	}
	item := s.box.Messages().ByMessageId(*draft.GetId())
	for _, part := range large {
		if err := s.attach(ctx, item, part); err != nil {
			return err
		}
	}
	return item.Send().Post(ctx, nil)
}

func message(env *enmime.Envelope) (models.Messageable, error) {
	m := models.NewMessage()
	m.SetSubject(new(env.GetHeader("Subject")))
	m.SetInternetMessageId(new(env.GetHeader("Message-ID")))
	body := models.NewItemBody()
	body.SetContentType(new(models.HTML_BODYTYPE))
	body.SetContent(&env.HTML)
	m.SetBody(body)
	to, err := recipients(env, "To")
	if err != nil {
		return nil, err
	}
	m.SetToRecipients(to)
	if to, err = recipients(env, "Reply-To"); err != nil {
		return nil, err
	}
	m.SetReplyTo(to)
	var fields []models.InternetMessageHeaderable
	for _, name := range []string{"X-Auto-Response-Suppress", "X-Mailer", "X-Zendesk-From-Account-Id", "X-Zendesk-Email-Id"} {
		h := models.NewInternetMessageHeader()
		h.SetName(&name)
		h.SetValue(new(env.GetHeader(name)))
		fields = append(fields, h)
	}
	m.SetInternetMessageHeaders(fields)
	return m, nil
}

func recipients(env *enmime.Envelope, field string) ([]models.Recipientable, error) {
	people, err := env.AddressList(field)
	if err != nil {
		return nil, err
	}
	var list []models.Recipientable
	for _, p := range people {
		a := models.NewEmailAddress()
		a.SetAddress(&p.Address)
		a.SetName(&p.Name)
		r := models.NewRecipient()
		r.SetEmailAddress(a)
		list = append(list, r)
	}
	return list, nil
}

func (s *sender) attach(ctx context.Context, item *users.ItemMessagesMessageItemRequestBuilder, part *enmime.Part) error {
	a := models.NewAttachmentItem()
	a.SetAttachmentType(new(models.FILE_ATTACHMENTTYPE))
	a.SetName(&part.FileName)
	a.SetContentType(&part.ContentType)
	a.SetSize(new(int64(len(part.Content))))
	body := users.NewItemMessagesItemAttachmentsCreateUploadSessionPostRequestBody()
	body.SetAttachmentItem(a)
	session, err := item.Attachments().CreateUploadSession().Post(ctx, body, nil)
	if err != nil {
		return err
	}
	content := &stream{Reader: bytes.NewReader(part.Content)}
	task := fileuploader.NewLargeFileUploadTask[models.FileAttachmentable](s.upload, session, content, slice, models.CreateFileAttachmentFromDiscriminatorValue, nil)
	result := task.Upload(func(int64, int64) {})
	if !result.GetUploadSucceeded() {
		return errors.Join(result.GetResponseErrors()...)
	}
	return nil
}

// stream is a fileuploader.ByteStream of what is in memory.
type stream struct{ *bytes.Reader }

func (s *stream) Stat() (fs.FileInfo, error) { return info{size: s.Reader.Size()}, nil }

// info is a file of which nothing but the size is asked.
type info struct {
	fs.FileInfo
	size int64
}

func (i info) Size() int64 { return i.size }
