package graph

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// Claims is an exdesk.Claimer for all processes that share the mailbox: the
// claim to a key is a hidden folder of that name, of which Exchange makes only
// one. It knows what was never claimed before, so that a process that has just
// started need not wait. It takes two requests a notification, and one now and
// then that deletes what is old. It is safe for concurrent use.
type Claims struct {
	// Client is the mailbox. It has to be set.
	Client *Client
	// Life is how long a claim lasts whose holder dies, by Exchange's clock, and
	// how long a notification may take, limits apart. All processes must have the
	// same. Default 15 minutes.
	Life time.Duration

	local exdesk.Claims

	mu     sync.Mutex // guards what follows
	parent string     // id of the folder that holds the claims
	swept  time.Time
}

const (
	defaultLife = 15 * time.Minute
	// claimMemory is how long a claim that was released is kept, so that others
	// know that something was sent which the mailbox may not show yet, and
	// sweepEvery how often those are deleted that are older.
	claimMemory = time.Hour
	sweepEvery  = 10 * time.Minute
	// comeBack is how long somebody should wait who finds a claim held.
	comeBack = 15 * time.Second

	claimsFolder = "exdesk claims"
	// claimID is the named property of a folder that holds its state.
	claimID = "String {6a3de2f1-8c4b-4a57-9d06-5b0f2c7e91a8} Name exdesk-claim"
)

// claimState is what a claim's folder says.
type claimState struct {
	Holder   string    `json:"holder"` // a nonce
	Until    time.Time `json:"until"`
	Released time.Time `json:"released,omitzero"`
	// Before is when something may have been sent under the key before this claim.
	Before time.Time `json:"before,omitzero"`
}

// mailFolder is a folder as it is asked for.
type mailFolder struct {
	ID         string     `json:"id"`
	Name       string     `json:"displayName"`
	Properties []property `json:"singleValueExtendedProperties"`
}

// state reads what a claim's folder says. What nobody can read is somebody's who
// holds it from its creation on; that is not known, so it is held until a sweep.
func (f *mailFolder) state() (s claimState, ok bool) {
	for _, p := range f.Properties {
		if p.is(claimID) && json.Unmarshal([]byte(p.Value), &s) == nil {
			return s, true
		}
	}
	return s, false
}

// Claim implements exdesk.Claimer. Within the process it waits; what another
// process holds is an error of the class ErrTemporary.
func (c *Claims) Claim(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
	local, err := c.local.Claim(ctx, mailbox, key)
	if err != nil {
		return nil, err
	}
	claim, err := c.claim(ctx, key)
	if err != nil {
		local.Release(false)
		return nil, err
	}
	release := claim.Release
	claim.Release = func(used bool) {
		release(used)
		local.Release(used)
	}
	return claim, nil
}

func (c *Claims) claim(ctx context.Context, key string) (*exdesk.Claim, error) {
	parent, err := c.folder(ctx)
	if err != nil {
		return nil, err
	}
	c.sweep(ctx, parent)
	s := claimState{Holder: rand.Text()}
	for range 5 {
		s.Until = c.now().Add(cmp.Or(c.Life, defaultLife))
		id, err := c.create(ctx, parent, key, &s)
		if err == nil {
			return c.held(ctx, id, s), nil
		}
		if isGone(err) {
			c.forget()
			return nil, c.busy("somebody deleted the folder of the claims")
		}
		if !errors.Is(err, errTaken) {
			return nil, err
		}
		other, err := c.find(ctx, parent, key)
		if err != nil {
			return nil, err
		}
		if other == nil {
			continue // it was released at this moment
		}
		o, ok := other.state()
		switch now := c.now(); {
		case ok && o.Holder == s.Holder: // the answer was lost
			return c.held(ctx, other.ID, o), nil
		case !o.Released.IsZero():
			s.Before = o.Released
		case ok && !now.Before(o.Until):
			s.Before = o.Until
		case !ok:
			return nil, c.busy("somebody else's folder has the name of a claim")
		default:
			return nil, c.busy("another process is at this notification")
		}
		// Of several who find it free one makes the next.
		if err := c.remove(ctx, other.ID); err != nil {
			return nil, err
		}
	}
	return nil, c.busy("other processes are at this notification")
}

func (c *Claims) busy(why string) error {
	return explain(&rest.Failure{Op: "claim notification", Wait: comeBack, Err: errors.New(why)})
}

// held is a claim that was made.
func (c *Claims) held(ctx context.Context, id string, s claimState) *exdesk.Claim {
	local := time.Now().Add(s.Until.Sub(c.now()))
	return &exdesk.Claim{Before: s.Before, Until: local, Release: func(used bool) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if !used && s.Before.IsZero() {
			_ = c.remove(ctx, id)
			return
		}
		s.Released = s.Before
		if used {
			s.Released = c.now()
		}
		text, _ := json.Marshal(s)
		// Without it the claim ends by itself.
		_, _ = c.Client.rest.JSON(ctx, &rest.Request{Op: "release claim", Method: http.MethodPatch, Path: c.Client.path("mailFolders", id),
			JSON: map[string]any{"singleValueExtendedProperties": []property{{ID: claimID, Value: value(text)}}}, Repeatable: true}, new(mailFolder))
	}}
}

// now is Exchange's time, which is one for all processes.
func (c *Claims) now() time.Time {
	t, ok := c.Client.rest.Now()
	if !ok {
		t = time.Now()
	}
	return t.UTC().Truncate(time.Second)
}

// errTaken means that there is a folder of that name.
var errTaken = errors.New("the name is taken")

// create makes a folder. Names differ whatever their case, and so do keys.
func (c *Claims) create(ctx context.Context, parent, name string, s *claimState) (id string, err error) {
	body := map[string]any{"displayName": name, "isHidden": true}
	if s != nil {
		text, _ := json.Marshal(s)
		body["singleValueExtendedProperties"] = []property{{ID: claimID, Value: value(text)}}
	}
	path := c.Client.path("mailFolders")
	if parent != "" {
		path = c.Client.path("mailFolders", parent, "childFolders")
	}
	var f mailFolder
	_, err = c.Client.rest.JSON(ctx, &rest.Request{Op: "create claim", Method: http.MethodPost, Path: path, JSON: body, Repeatable: true}, &f)
	var e *Error
	// The status is a 409 as a rule, and a 400 has been seen.
	if errors.As(err, &e) && (strings.EqualFold(e.Code, "ErrorFolderExists") || e.Status == http.StatusConflict) {
		return "", errTaken
	}
	return f.ID, err
}

// find returns a folder by its name, or nil.
func (c *Claims) find(ctx context.Context, parent, name string) (*mailFolder, error) {
	list, err := c.list(ctx, parent, "$filter", "displayName eq "+literal(name))
	for i := range list {
		if strings.EqualFold(list[i].Name, name) {
			return &list[i], nil
		}
	}
	return nil, err
}

func (c *Claims) list(ctx context.Context, parent string, pairs ...string) ([]mailFolder, error) {
	path := c.Client.path("mailFolders")
	if parent != "" {
		path = c.Client.path("mailFolders", parent, "childFolders")
	}
	pairs = append(pairs, "$select", "id,displayName", "$expand", "singleValueExtendedProperties($filter=id eq '"+claimID+"')",
		"includeHiddenFolders", "true", "$top", "100")
	page, err := c.Client.page(ctx, &rest.Request{Op: "look for claims", Path: path, Query: query(pairs...)})
	if err != nil {
		return nil, err
	}
	var out []mailFolder
	for _, raw := range page.Value {
		var f mailFolder
		if json.Unmarshal(raw, &f) == nil && f.ID != "" {
			out = append(out, f)
		}
	}
	return out, nil
}

func (c *Claims) remove(ctx context.Context, id string) error {
	resp, err := c.Client.rest.Do(ctx, &rest.Request{Op: "delete claim", Method: http.MethodDelete, Path: c.Client.path("mailFolders", id), Repeatable: true})
	if isGone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// folder returns the folder that holds the claims.
func (c *Claims) folder(ctx context.Context) (string, error) {
	c.mu.Lock()
	id := c.parent
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	id, err := c.create(ctx, "", claimsFolder, nil)
	if errors.Is(err, errTaken) {
		var f *mailFolder
		if f, err = c.find(ctx, "", claimsFolder); f != nil {
			id = f.ID
		} else if err == nil {
			err = c.busy("the folder of the claims is not to be seen yet")
		}
	}
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parent = id
	return id, nil
}

// forget makes the folder of the claims be looked for again.
func (c *Claims) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parent = ""
}

// sweep deletes claims that nobody needs any more. What it cannot do, a later
// one does.
func (c *Claims) sweep(ctx context.Context, parent string) {
	now := c.now()
	c.mu.Lock()
	due := now.Sub(c.swept) >= sweepEvery
	if due {
		c.swept = now
	}
	c.mu.Unlock()
	if !due {
		return
	}
	list, err := c.list(ctx, parent)
	if err != nil {
		return
	}
	for _, f := range list {
		s, ok := f.state()
		if ended := s.Until; ok {
			if !s.Released.IsZero() {
				ended = s.Released
			}
			if now.Sub(ended) > claimMemory {
				_ = c.remove(ctx, f.ID)
			}
		}
	}
}
