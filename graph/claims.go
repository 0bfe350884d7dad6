package graph

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// Claims is an exdesk.Claimer for all processes that share the mailbox: a claim
// is a hidden folder, of which Exchange makes only one by a name. The first
// claim to a key is the folder "KEY.1", the next one "KEY.2", so that who takes a
// claim over leaves what it says to others. They know what was never claimed
// before, so that a process that has just started need not wait. It takes two
// requests a notification, and some now and then that delete what is old. It is
// safe for concurrent use.
//
// The folders are in one that is called "exdesk claims", which is hidden from
// people. A program that deletes it makes all that was claimed be forgotten.
type Claims struct {
	// Client is the mailbox. It has to be set.
	Client *Client
	// Life is how long a claim lasts whose holder dies, by Exchange's clock, and
	// how long a notification may take. All processes must have the same. Default
	// 15 minutes, at least 5.
	Life time.Duration

	local exdesk.Claims

	mu     sync.Mutex // guards what follows
	holder string     // a nonce of this process
	parent string     // id of the folder that holds the claims
	swept  time.Time
}

const (
	defaultLife = 15 * time.Minute
	leastLife   = 5 * time.Minute
	// claimMemory is how long a claim that was released is kept, so that others
	// know that something was sent which the mailbox may not show yet, or not any
	// more, and sweepEvery how often those are deleted that are older, by so much
	// that nobody takes them over meanwhile.
	claimMemory = time.Hour
	sweepMargin = 10 * time.Minute
	sweepEvery  = 10 * time.Minute
	// sweepPages bounds a sweep; the next one goes on.
	sweepPages = 40
	// comeBack is how long somebody should wait who finds a claim held.
	comeBack = 15 * time.Second

	claimsFolder = "exdesk claims"
	// claimID is the named property of a folder that holds its state.
	claimID = "String {6a3de2f1-8c4b-4a57-9d06-5b0f2c7e91a8} Name exdesk-claim"
)

// claimState is what a claim's folder says.
type claimState struct {
	Holder   string    `json:"holder"` // a process
	Until    time.Time `json:"until"`
	Released time.Time `json:"released,omitzero"`
	Sent     bool      `json:"sent,omitempty"`
	// Before is when something may have been sent under the key, other than under
	// this claim while it is held.
	Before time.Time `json:"before,omitzero"`
}

// ended is when the claim was released, or when it ends by itself.
func (s *claimState) ended() time.Time {
	if !s.Released.IsZero() {
		return s.Released
	}
	return s.Until
}

// mailFolder is a folder as it is asked for.
type mailFolder struct {
	ID         string     `json:"id"`
	Name       string     `json:"displayName"`
	Properties []property `json:"singleValueExtendedProperties"`
}

// state reads what a claim's folder says, which is written as it is made.
func (f *mailFolder) state() (s claimState, ok bool) {
	for _, p := range f.Properties {
		if p.is(claimID) && json.Unmarshal([]byte(p.Value), &s) == nil && !s.Until.IsZero() {
			return s, true
		}
	}
	return s, false
}

// Claim implements exdesk.Claimer. Within the process it waits; what another
// process holds is an error of the class exdesk.ErrTemporary.
func (c *Claims) Claim(ctx context.Context, mailbox, key string) (*exdesk.Claim, error) {
	local, err := c.local.Claim(ctx, mailbox, key)
	if err != nil {
		return nil, err
	}
	claim, err := c.claim(ctx, key)
	if err != nil {
		local.Release(exdesk.ClaimUnused)
		return nil, err
	}
	release := claim.Release
	claim.Release = func(use exdesk.ClaimUse) {
		release(use)
		local.Release(use)
	}
	return claim, nil
}

func (c *Claims) claim(ctx context.Context, key string) (*exdesk.Claim, error) {
	parent, err := c.folder(ctx)
	if err != nil {
		return nil, err
	}
	c.sweep(ctx, parent)
	s := claimState{Holder: c.process()}
	for number := 1; ; {
		s.Until = c.now().Add(max(cmp.Or(c.Life, defaultLife), leastLife))
		id, err := c.create(ctx, parent, claimName(key, number), &s)
		switch {
		case err == nil:
			return c.held(ctx, id, s), nil
		case isGone(err):
			c.forget()
			return nil, c.busy("somebody deleted the folder of the claims")
		case !errors.Is(err, errTaken):
			return nil, err
		}
		list, err := c.ofKey(ctx, parent, key)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, c.busy("another process was at this notification a moment ago")
		}
		newest := list[0]
		o, ok := newest.state()
		now := c.now()
		switch {
		case !ok:
			// Nobody made it who made claims. It ends as a claim does that begins now.
			if err := c.write(ctx, newest.ID, &claimState{Until: s.Until}); err != nil {
				return nil, err
			}
			return nil, c.busy("a folder has the name of the claim")
		case o.Released.IsZero() && o.Holder == s.Holder && now.Before(o.Until.Add(-leastLife/2)):
			// This process made it, and did not hear the answer, or could not release it.
			o.Before = now
			return c.held(ctx, newest.ID, o), nil
		case !o.Released.IsZero():
			s.Before, s.Sent = o.Before, o.Sent
		case now.Before(o.Until):
			return nil, c.busy("another process is at this notification")
		default: // its holder died
			s.Before, s.Sent = o.Until, o.Sent
		}
		if newest.number < number {
			return nil, c.busy("other processes are at this notification")
		}
		number = newest.number + 1
		if now.Sub(o.ended()) > claimMemory {
			// A sweep may delete it, so that the next number would not keep others
			// from the first.
			for _, f := range list {
				if err := c.remove(ctx, f.ID); err != nil {
					return nil, err
				}
			}
			number = 1
		}
	}
}

// process is a nonce by which this process knows its own claims again.
func (c *Claims) process() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holder == "" {
		c.holder = rand.Text()
	}
	return c.holder
}

func claimName(key string, number int) string { return fmt.Sprintf("%s.%d", key, number) }

func (c *Claims) busy(why string) error {
	return explain(&rest.Failure{Op: "claim notification", Wait: comeBack, Err: errors.New(why)})
}

// held is a claim that was made.
func (c *Claims) held(ctx context.Context, id string, s claimState) *exdesk.Claim {
	ahead := time.Until(c.now()) // of this process's clock, by which the claim is judged
	before := s.Before
	if !before.IsZero() {
		before = before.Add(-ahead)
	}
	return &exdesk.Claim{Before: before, Sent: s.Sent, Until: s.Until.Add(-ahead), Release: func(use exdesk.ClaimUse) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if s.Released = c.now(); use != exdesk.ClaimUnused {
			s.Before, s.Sent = s.Released, use == exdesk.ClaimSent
		}
		_ = c.write(ctx, id, &s) // without it the claim ends by itself
	}}
}

func (c *Claims) write(ctx context.Context, id string, s *claimState) error {
	text, _ := json.Marshal(s)
	_, err := c.Client.rest.JSON(ctx, &rest.Request{Op: "write claim", Method: http.MethodPatch, Path: c.Client.path("mailFolders", id),
		JSON: map[string]any{"singleValueExtendedProperties": []property{{ID: claimID, Value: value(text)}}}, Repeatable: true}, new(mailFolder))
	return err
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
	text, _ := json.Marshal(s)
	body := map[string]any{"displayName": name, "isHidden": true, "singleValueExtendedProperties": []property{{ID: claimID, Value: value(text)}}}
	var f mailFolder
	_, err = c.Client.rest.JSON(ctx, &rest.Request{Op: "create claim", Method: http.MethodPost, Path: c.path(parent), JSON: body, Repeatable: true}, &f)
	var e *Error
	// The status is a 409 as a rule, and a 400 has been seen.
	if errors.As(err, &e) && (strings.EqualFold(e.Code, "ErrorFolderExists") || e.Status == http.StatusConflict) {
		return "", errTaken
	}
	return f.ID, err
}

// path is where the folders are within a folder, or in the mailbox.
func (c *Claims) path(parent string) []string {
	if parent == "" {
		return c.Client.path("mailFolders")
	}
	return c.Client.path("mailFolders", parent, "childFolders")
}

// numbered is a claim's folder.
type numbered struct {
	mailFolder
	number int
}

// ofKey lists the claims to a key, the newest first. A service that does not
// take the filter, of which no page is certain, is asked for all.
func (c *Claims) ofKey(ctx context.Context, parent, key string) (all []numbered, err error) {
	filter := []string{"$filter", "startswith(displayName," + literal(key+".") + ")"}
	for link, n := "", 0; n == 0 || link != "" && n < sweepPages; n++ {
		var list []mailFolder
		list, link, err = c.list(ctx, parent, link, filter...)
		if err != nil && n == 0 && unanswerable(err) {
			list, link, err = c.list(ctx, parent, "")
		}
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			number, ok := strings.CutPrefix(f.Name, key+".")
			if k, err := strconv.Atoi(number); ok && err == nil {
				all = append(all, numbered{f, k})
			}
		}
	}
	slices.SortFunc(all, func(a, b numbered) int { return b.number - a.number })
	return all, nil
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

// list returns a page of folders, and the link to the next one.
func (c *Claims) list(ctx context.Context, parent, link string, pairs ...string) (out []mailFolder, next string, err error) {
	pairs = append(pairs, "$select", "id,displayName", "$expand", "singleValueExtendedProperties($filter=id eq '"+claimID+"')",
		"includeHiddenFolders", "true", "$top", "250")
	req := &rest.Request{Op: "look for claims", Path: c.path(parent), Query: query(pairs...)}
	if link != "" {
		req = &rest.Request{Op: req.Op, URL: link}
	}
	page, err := c.Client.page(ctx, req)
	if err != nil {
		return nil, "", err
	}
	for _, raw := range page.Value {
		var f mailFolder
		if json.Unmarshal(raw, &f) == nil && f.ID != "" {
			out = append(out, f)
		}
	}
	return out, page.Next, nil
}

// folder returns the folder that holds the claims.
func (c *Claims) folder(ctx context.Context) (string, error) {
	c.mu.Lock()
	id := c.parent
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	id, err := c.create(ctx, "", claimsFolder, &claimState{})
	if errors.Is(err, errTaken) {
		var list []mailFolder
		if list, _, err = c.list(ctx, "", "", "$filter", "displayName eq "+literal(claimsFolder)); err == nil && len(list) == 0 {
			err = c.busy("the folder of the claims is not to be seen yet")
		}
		if err == nil {
			id = list[0].ID
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
	keys := make(map[string][]mailFolder)
	fresh := make(map[string]bool)
	var link string
	for n := 0; n == 0 || link != "" && n < sweepPages; n++ {
		var list []mailFolder
		var err error
		if list, link, err = c.list(ctx, parent, link); err != nil {
			return
		}
		for _, f := range list {
			key, _, _ := strings.Cut(f.Name, ".")
			keys[key] = append(keys[key], f)
			if s, ok := f.state(); !ok || now.Sub(s.ended()) <= claimMemory+sweepMargin {
				fresh[key] = true
			}
		}
	}
	// All of a key or nothing: an earlier claim must not be free again while a
	// later one says something.
	var old []batchRequest
	for key, list := range keys {
		for _, f := range list {
			if !fresh[key] { // they are deleted by their ids
				old = append(old, batchRequest{Method: http.MethodDelete, URL: c.Client.folderURL(f.ID)})
			}
		}
	}
	for part := range slices.Chunk(old, batchSize) {
		if _, err := c.Client.batch(ctx, "delete claims", part, false); err != nil {
			return
		}
	}
}
