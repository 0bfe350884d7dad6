package graphtest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
)

// dice makes all that is random, from the seed.
type dice struct {
	mu   sync.Mutex // guards rand
	rand *rand.Rand
	key  [32]byte // signs page tokens
}

func newDice(seed uint64) *dice {
	d := &dice{rand: rand.New(rand.NewPCG(seed, 0x65786465736b))}
	d.key = sha256.Sum256(d.octets(32))
	return d
}

func (d *dice) octets(n int) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(d.rand.Uint32())
	}
	return b
}

// text returns n characters that need no escaping anywhere.
func (d *dice) text(n int) string { return hex.EncodeToString(d.octets((n + 1) / 2))[:n] }

func (d *dice) guid() string { return guidOf(d.octets(16)) }

func guidOf(b []byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func (d *dice) shuffle(n int, swap func(i, j int)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rand.Shuffle(n, swap)
}

// The forms of ids. Their lengths are fixed so that a piece of an id, which is
// what arrives when a client does not escape a slash, is known as garbled.
const (
	immutableHead = "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A"
	immutableLen  = len(immutableHead) + 44
	mutableHead   = "AAMkADhmMzY1"
	mutableLen    = len(mutableHead) + 92
	folderHead    = "AQMkADYAAAIB"
	folderLen     = len(folderHead) + 44
)

// immutableID returns an id as with Prefer: IdType="ImmutableId": base64url
// with a padding character.
func (d *dice) immutableID() string {
	return immutableHead + "-_" + base64.URLEncoding.EncodeToString(d.octets(31))[:41] + "="
}

// mutableID returns an id as without that preference.
//
// QUIRK: ids look like base64url, but some hold '+' or '/', which must be
// percent-encoded in a path; here every one does.
func (d *dice) mutableID() string {
	body := base64.StdEncoding.EncodeToString(d.octets(66))
	return mutableHead + body[:40] + "/" + body[40:70] + "+" + body[70:88] + "A="
}

func (d *dice) folderID() string {
	return folderHead + base64.URLEncoding.EncodeToString(d.octets(31))[:43] + "="
}

// changeKey returns the value of an etag, in the standard base64 alphabet.
func (d *dice) changeKey() string {
	return "CQAAABYAAAC" + base64.StdEncoding.EncodeToString(d.octets(21)) + "A"
}

// wellFormed tells whether an id could be the id of a message.
func wellFormed(id string) bool {
	n := 0
	switch {
	case strings.HasPrefix(id, immutableHead):
		n = immutableLen
	case strings.HasPrefix(id, mutableHead):
		n = mutableLen
	}
	return len(id) == n && inAlphabet(id)
}

func inAlphabet(id string) bool {
	return strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/") == ""
}

// tenantID is the object id of a tenant.
func tenantID(name string) string {
	sum := sha256.Sum256([]byte("tenant " + name))
	return guidOf(sum[:16])
}

// derived returns an identifier that is always the same for a text.
func derived(head, text string, n int) string {
	sum := sha256.Sum256([]byte(text))
	return head + base64.URLEncoding.EncodeToString(sum[:])[:n]
}
