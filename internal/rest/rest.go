// Package rest is the one way in which the adapters talk HTTP: it builds a
// request, authorises it, sends it as often as is safe, and hands back the
// answer or a Failure for the adapter to put into its service's words.
package rest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/internal/jitter"
	"github.com/exdesk/exdesk/internal/scan"
)

// Service is what all Clients of a service have in common. It must not change
// after the first use.
type Service struct {
	UserAgent string
	// InFlight bounds the requests of a Client under way at once; 0 sets no bound.
	// An answer's open body counts.
	InFlight int
	// Explain puts a Failure into the service's words.
	Explain func(*Failure) error
	// Spent reads an answer's headers for how long the client's allowance is
	// used up: 0 when it is not, or when the service does not tell. Optional.
	Spent func(http.Header) time.Duration
	// Narrow reports whether a 429 is about what was asked for alone and says
	// nothing of other requests. Optional.
	Narrow func(*Failure) bool
	// Elsewhere reports whether a host may be sent what is Bare, besides the
	// service's own. Optional.
	Elsewhere func(host string) bool
}

// Client sends requests to one service.
type Client struct {
	*Service
	Base *url.URL // every request goes to this host; made by ParseBase
	HTTP *http.Client
	// Token is asked for a token by every request. One that has a method
	// Refused(*oauth2.Token) is told of a token that the service did not take; one
	// that has a method TokenContext(context.Context) is asked by that, and left when
	// the request ends.
	Token oauth2.TokenSource

	mu    sync.Mutex    // guards what follows
	used  int32         // of InFlight
	timed bool          // whether the service ever told its time
	ahead time.Duration // of its clock before ours, by its last answer
	line  []*place      // who waits for some of InFlight, in order
	quiet time.Time     // the service asked for silence until then
}

// How patiently one request is tried. A service that asks for a longer pause
// gets it from the caller, who has the error and the time to come back.
const (
	attempts  = 4
	patience  = 90 * time.Second
	firstWait = 500 * time.Millisecond
	// stalled is how long a service may take to begin its answer, or to send
	// the next piece of it, before the connection is given up.
	stalled = 100 * time.Second
	// mostError and mostJSON bound what is read of an answer into memory.
	mostError = 64 << 10
	mostJSON  = 32 << 20
	// mostTime bounds a request for JSON with all its repetitions.
	mostTime = 15 * time.Minute
)

// Request is one request. Exactly one of Path and URL is set.
type Request struct {
	Op     string   // what is done, for errors: "list messages"
	Method string   // GET when empty
	Path   []string // unescaped elements below the base
	URL    string   // an absolute URL that the service gave, such as a nextLink
	Query  string   // already encoded
	Header http.Header

	JSON   any       // a body that can be sent again
	Data   []byte    // or one that is not JSON
	Stream io.Reader // or one of unknown length that cannot be sent again
	// Body begins one of Length octets, which is not kept in memory: it is called
	// for each time that the body is sent, and what it returned before is not read
	// any more then, nor after Do.
	Body   func() io.Reader
	Length int64
	Type   string // media type of what is not JSON

	// Repeatable says that the service may hear the request twice: after a
	// lost answer it is sent again. GET always is.
	Repeatable bool
	// Shorten cuts the strings of a JSON answer to this length, for answers that
	// hold more than was asked for; 0 leaves them.
	Shorten int
	// Once leaves all repeating to the caller, who counts requests.
	Once bool
	// Bare says that URL speaks for itself: no token goes along, and it may lead
	// to another host that Elsewhere admits.
	Bare bool
	// Apart says that a wish to be left alone is about requests of its kind only:
	// others are not kept back for it.
	Apart bool
	// Slots is how many of InFlight the request takes; 0 is one.
	Slots int
}

// Failure is a request that did not succeed.
type Failure struct {
	Op     string
	Status int // 0 when there was no answer
	Header http.Header
	Body   []byte // the head of the answer
	// Doubt says that the service may have acted although no success was heard.
	Doubt bool
	// Wait is how long the service asked to be left alone; -1 if it did not say.
	Wait time.Duration
	Err  error // what went wrong below HTTP
}

// ErrForeign is the cause when a request or an answer leads to another host
// than the service's own: no token goes there.
var ErrForeign = errors.New("leads to a foreign host")

// ParseBase accepts an absolute https URL, and http on a loopback host only:
// anything else would send credentials in the clear.
func ParseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, errors.New("not a URL") // the parser's own text would repeat the URL
	}
	shown := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String() // the rest may be secret
	if u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%s is not of the form https://host/path alone", shown)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !Loopback(u.Hostname())) {
		return nil, fmt.Errorf("%s is not https: only a loopback host may be reached without it", shown)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u, nil
}

// transport is what requests are sent by, and not an http.Client: a redirect would
// be followed with the token, and none is documented for any call made here; and a
// time limit would cut a long download short, where the watchdog and ctx do not.
func (c *Client) transport() http.RoundTripper {
	if c.HTTP == nil {
		return Transport()
	}
	return cmp.Or(c.HTTP.Transport, http.DefaultTransport)
}

// Do sends r and returns the answer when its status is 2xx; the caller closes
// its body. The answer's reads end with an error when the service stalls.
func (c *Client) Do(ctx context.Context, r *Request) (*http.Response, error) {
	target, err := c.target(r)
	if err != nil {
		return nil, c.Explain(&Failure{Op: r.Op, Wait: -1, Err: err})
	}
	body := r.Data
	if r.JSON != nil {
		if body, err = encode(r.JSON); err != nil {
			return nil, c.Explain(&Failure{Op: r.Op, Wait: -1, Err: err})
		}
	}
	var stale string // the token that was refused
	for attempt := 1; ; attempt++ {
		resp, f := c.try(ctx, r, target, body, &stale)
		if f == nil {
			return resp, nil
		}
		if err := ctx.Err(); err != nil {
			f.Err = context.Cause(ctx)
			return nil, c.Explain(f)
		}
		wait, again := r.again(f, attempt)
		if !again {
			return nil, c.Explain(f)
		}
		if err := Sleep(ctx, wait); err != nil {
			f.Err = err
			return nil, c.Explain(f)
		}
	}
}

// encode writes JSON in which HTML stays as it is.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// again decides whether a failed request may be sent once more, and when.
func (r *Request) again(f *Failure, attempt int) (time.Duration, bool) {
	if attempt >= attempts || r.Stream != nil || f.Wait > patience {
		return 0, false
	}
	switch {
	case f.Status == http.StatusUnauthorized:
		return 0, errors.Is(f.Err, ErrRenewed)
	case r.Once:
		return 0, false
	case f.Status == http.StatusTooManyRequests:
		// Refused before anything was done.
	case f.Doubt && !r.repeatable():
		return 0, false
	case f.Status == 0 || f.Status == http.StatusRequestTimeout || f.Status >= 500 && f.Status != http.StatusNotImplemented:
		if errors.Is(f.Err, ErrForeign) || errors.Is(f.Err, ErrToken) {
			return 0, false
		}
	default:
		return 0, false
	}
	if f.Wait >= 0 {
		return f.Wait + jitter.N(spread, r.name()), true
	}
	wait := firstWait << (attempt - 1)
	return wait/2 + jitter.N(wait, r.name()), true
}

// name tells requests apart that wait at the same time.
func (r *Request) name() string { return r.Op + " " + strings.Join(r.Path, "/") + r.URL + r.Query }

func (r *Request) repeatable() bool { return r.Repeatable || r.method() == http.MethodGet }

func (r *Request) method() string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

var (
	// ErrRenewed is the cause of a 401 that a newer token will mend.
	ErrRenewed = errors.New("the token was renewed meanwhile")
	// ErrToken is the cause when the token source had no token to give.
	ErrToken = errors.New("no access token")

	errHalf    = errors.New("the answer came before the whole request was sent")
	errStalled = fmt.Errorf("no progress for %s", stalled)
)

// try sends r once.
func (c *Client) try(ctx context.Context, r *Request, target *url.URL, body []byte, stale *string) (*http.Response, *Failure) {
	f := &Failure{Op: r.Op, Wait: -1}
	dog, ctx := watch(ctx)
	var token *oauth2.Token
	if !r.Bare {
		var err error
		if token, err = c.token(ctx); err != nil {
			dog.stop()
			f.Err = fmt.Errorf("%w: %w", ErrToken, err)
			var wish interface{ RetryAfter() (time.Duration, bool) }
			if errors.As(err, &wish) {
				if wait, ok := wish.RetryAfter(); ok {
					f.Wait = wait
				}
			}
			return nil, f
		}
	}
	dog.pause()
	slots := max(r.Slots, 1)
	if err := c.begin(ctx, func() string { return r.name() + string(body) }, slots); err != nil {
		dog.stop()
		f.Err = err
		var q *quietError
		if errors.As(err, &q) {
			f.Status, f.Wait = http.StatusTooManyRequests, time.Until(q.until)
		}
		return nil, f
	}
	dog.resume()

	done := func() { dog.stop(); c.leave(slots) }
	var sent atomic.Bool // whether the service can have heard the request
	asks := r.method() == http.MethodGet
	trace := ctx
	if !asks {
		trace = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	}
	req, err := c.request(trace, r, target, body)
	if err != nil {
		done()
		f.Err = err
		return nil, f
	}
	if token != nil {
		token.SetAuthHeader(req)
	}
	heard := true // whether the answer is to the whole request
	var resp *http.Response
	if r.Stream != nil || r.Body != nil {
		var q *question
		open := func() (io.ReadCloser, error) {
			if r.Body == nil {
				q = &question{body: r.Stream, left: -1, dog: dog}
				return io.NopCloser(q), nil
			}
			if q != nil {
				q.takeBack()
			}
			q = &question{body: r.Body(), left: r.Length, dog: dog}
			return io.NopCloser(q), nil
		}
		req.Body, _ = open()
		if r.Body != nil {
			req.GetBody = open // after a connection that had ended before it was used
		}
		resp, err = c.transport().RoundTrip(req)
		heard = q.takeBack()
	} else {
		resp, err = c.transport().RoundTrip(req)
	}
	if err == nil && resp == nil {
		err = errors.New("the HTTP client's transport has returned neither an answer nor an error")
	}
	if err != nil {
		done()
		f.Err = dog.explain(unquoted(plain(err)))
		f.Doubt = sent.Load()
		return nil, f
	}
	if resp.Body == nil { // as of a transport of the caller's, which http.Client forgives
		resp.Body = http.NoBody
	}
	dog.pause()
	var spent time.Duration
	if !r.Bare {
		c.setTime(resp.Header)
		spent = c.spent(resp)
	}
	if resp.StatusCode/100 == 2 && heard {
		resp.Body = &answer{body: resp.Body, dog: dog, done: done}
		return resp, nil
	}
	defer done()
	defer resp.Body.Close()
	dog.resume()
	f.read(resp)
	if f.Wait < 0 && resp.StatusCode == http.StatusTooManyRequests && spent > 0 {
		f.Wait = spent
	}
	switch f.Doubt = resp.StatusCode >= 500 && !asks; {
	case resp.StatusCode/100 == 2:
		f.Err, f.Doubt = errHalf, true
	case resp.StatusCode/100 == 3:
		f.Err = ErrForeign
	case resp.StatusCode == http.StatusUnauthorized && *stale == "" && token != nil:
		*stale = token.AccessToken
		if s, ok := c.Token.(interface{ Refused(*oauth2.Token) }); ok {
			s.Refused(token) // it may have been revoked before its end
		}
		switch fresh, err := c.token(ctx); {
		case err == nil && fresh.AccessToken != *stale:
			f.Err = ErrRenewed
		case err != nil:
			// Why there is no other says more than the 401, unless it passes.
			if f.Err = fmt.Errorf("%w: %w", ErrToken, err); f.Temporary() {
				f.Err = nil
			}
		}
	case resp.StatusCode == http.StatusTooManyRequests && c.Narrow != nil && c.Narrow(f):
	case r.Apart || r.Bare: // which may be another service's
	case f.Wait > 0 && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500):
		c.Hush(f.Wait)
	}
	return nil, f
}

// read takes over the head of an answer.
func (f *Failure) read(resp *http.Response) {
	f.Status, f.Header, f.Wait = resp.StatusCode, resp.Header, RetryAfter(resp.Header)
	f.Body, _ = io.ReadAll(io.LimitReader(resp.Body, mostError))
	_, _ = io.CopyN(io.Discard, resp.Body, mostError) // so that the connection can be used again
}

func (c *Client) request(ctx context.Context, r *Request, target *url.URL, body []byte) (*http.Request, error) {
	var in io.Reader
	if body != nil {
		in = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method(), "", in)
	if err != nil {
		return nil, err
	}
	req.URL, req.Host = target, target.Host
	for name, values := range r.Header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", c.UserAgent)
	switch {
	case r.Stream != nil:
		req.ContentLength = -1
		req.Header.Set("Content-Type", r.Type)
	case r.Body != nil:
		req.ContentLength = r.Length
		req.Header.Set("Content-Type", r.Type)
	case r.JSON != nil:
		req.Header.Set("Content-Type", "application/json")
	case body != nil:
		req.Header.Set("Content-Type", r.Type)
	}
	return req, nil
}

// target is where r goes: below the base, or to a URL that the service gave
// and that must be of the base's own host before a token goes there.
func (c *Client) target(r *Request) (*url.URL, error) {
	if r.URL == "" {
		u := *c.Base
		var path, raw strings.Builder
		path.Grow(256)
		raw.Grow(256)
		path.WriteString(c.Base.Path)
		raw.WriteString(c.Base.EscapedPath())
		for _, e := range r.Path {
			if e == "" || e == "." || e == ".." {
				return nil, fmt.Errorf("%q cannot be an element of a path", e)
			}
			path.WriteByte('/')
			path.WriteString(e)
			raw.WriteByte('/')
			raw.WriteString(url.PathEscape(e))
		}
		u.Path, u.RawPath = path.String(), raw.String()
		u.RawQuery = r.Query
		return &u, nil
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, errors.New("the service gave a link that is not a URL")
	}
	if strings.ContainsFunc(u.Host, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return nil, ErrForeign // the Kelvin sign is equal to a "k" where case is folded
	}
	if r.Bare && u.Scheme == "https" && u.User == nil && c.Elsewhere != nil && c.Elsewhere(strings.ToLower(u.Hostname())) {
		return u, nil
	}
	if r.Bare && u.Scheme == c.Base.Scheme && strings.EqualFold(u.Host, c.Base.Host) && u.User == nil && u.Opaque == "" {
		return u, nil // at another path than the API's
	}
	if u.Scheme != c.Base.Scheme || !strings.EqualFold(u.Host, c.Base.Host) || u.User != nil || u.Opaque != "" ||
		!strings.HasPrefix(u.Path, c.Base.Path+"/") {
		return nil, ErrForeign
	}
	return u, nil
}

// token asks the source, for as long as the watchdog of ctx allows. One that knows
// no context goes on alone.
func (c *Client) token(ctx context.Context) (*oauth2.Token, error) {
	if s, ok := c.Token.(interface {
		TokenContext(context.Context) (*oauth2.Token, error)
	}); ok {
		return checkToken(s.TokenContext(ctx))
	}
	type result struct {
		token *oauth2.Token
		err   error
	}
	ch := make(chan result, 1)
	go func() {
		t, err := c.Token.Token()
		ch <- result{t, err}
	}()
	select {
	case r := <-ch:
		return checkToken(r.token, r.err)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func checkToken(t *oauth2.Token, err error) (*oauth2.Token, error) {
	if err == nil && t == nil {
		return nil, errors.New("the token source returned nothing")
	}
	return t, tokenError(err)
}

// tokenError keeps the code of a refusal and drops the rest, which may hold
// the request's secrets.
func tokenError(err error) error {
	var re *oauth2.RetrieveError
	if errors.As(err, &re) {
		status := 0
		if re.Response != nil {
			status = re.Response.StatusCode
		}
		return &TokenError{Code: Code(re.ErrorCode), Status: status}
	}
	return plain(err)
}

// TokenError is a token endpoint's refusal.
type TokenError struct {
	Code   string // RFC 6749 §5.2, such as "invalid_grant"
	Status int
}

func (e *TokenError) Error() string {
	if e.Code != "" {
		return "the token endpoint answered " + e.Code
	}
	return fmt.Sprintf("the token endpoint answered %d", e.Status)
}

// plain takes the URL, whose query may tell too much, out of a *url.Error.
func plain(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

// unquoted takes what an answer that is no HTTP said out of an error: a proxy may
// show the token that it was sent. Package net/http quotes it.
func unquoted(err error) error {
	if text := quotation.ReplaceAllString(err.Error(), "…"); text != err.Error() {
		return &quoting{text, err}
	}
	return err
}

var quotation = regexp.MustCompile(`"(?:[^"\\]|\\.)*("|$)`)

// quoting is an error that is told in other words.
type quoting struct {
	text string
	error
}

func (e *quoting) Error() string { return e.text }
func (e *quoting) Unwrap() error { return e.error }

// Temporary reports whether a failure to get a token may pass by itself, or
// whether somebody has to sign in again.
func (f *Failure) Temporary() bool {
	var refused *TokenError
	if errors.As(f.Err, &refused) {
		return refused.Status >= 500 || refused.Status == http.StatusTooManyRequests || refused.Status == http.StatusRequestTimeout ||
			refused.Code == "temporarily_unavailable" || refused.Code == "server_error"
	}
	var network net.Error
	return errors.As(f.Err, &network) || errors.Is(f.Err, errStalled) || errors.Is(f.Err, io.ErrUnexpectedEOF) ||
		errors.Is(f.Err, context.Canceled) || errors.Is(f.Err, context.DeadlineExceeded)
}

// JSON sends r and decodes the answer into out.
func (c *Client) JSON(ctx context.Context, r *Request, out any) (http.Header, error) {
	// An answer that comes an octet at a time makes progress as well.
	ctx, cancel := context.WithTimeout(ctx, mostTime)
	defer cancel()
	resp, err := c.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	in := io.Reader(resp.Body)
	if r.Shorten > 0 {
		in = &shortener{r: in, most: r.Shorten}
	}
	data := buffers.Get().(*bytes.Buffer)
	defer giveBack(data)
	_, err = data.ReadFrom(io.LimitReader(in, mostJSON+1))
	switch {
	case err != nil:
	case data.Len() > mostJSON:
		err = fmt.Errorf("the answer is longer than %d bytes", mostJSON)
	default:
		err = Decode(data.Bytes(), out)
	}
	if err != nil {
		// A success that cannot be read: whoever changes something does not
		// know what came of it.
		return nil, c.Explain(&Failure{Op: r.Op, Status: resp.StatusCode, Header: resp.Header, Wait: -1,
			Doubt: !(r.method() == http.MethodGet), Err: err})
	}
	return resp.Header, nil
}

// Scanner is what takes of an answer in JSON what it wants, by reading it itself. It
// keeps none of the octets, which are another answer's afterwards.
type Scanner interface{ Scan(*scan.Reader) }

var errShape = errors.New("the answer is not the JSON that was expected") // the decoder's text may quote the answer

// Decode takes an answer in JSON apart.
func Decode(data []byte, out any) error {
	if s, ok := out.(Scanner); ok {
		r := scan.New(data)
		if s.Scan(r); r.Odd() || r.End() != nil {
			return errShape
		}
		return nil
	}
	if json.Unmarshal(data, out) != nil {
		return errShape
	}
	return nil
}

// buffers hold answers while they are read. The large ones are not kept.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const mostKept = 256 << 10

func giveBack(b *bytes.Buffer) {
	if b.Cap() <= mostKept {
		b.Reset()
		buffers.Put(b)
	}
}
