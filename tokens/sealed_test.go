package tokens_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/tokens"
)

// raw is what Sealed keeps of the text.
func raw(t testing.TB, keeper tokens.Keeper, account, text string) []byte {
	t.Helper()
	inner := new(tokens.Memory)
	_, err := (&tokens.Sealed{Store: inner, Keeper: keeper}).Save(context.Background(), account, []byte(text), "")
	require.NoError(t, err)
	data, _, err := inner.Load(context.Background(), account)
	require.NoError(t, err)
	return data
}

// open is what Sealed makes of it.
func open(t testing.TB, keeper tokens.Keeper, account string, data []byte) (string, error) {
	t.Helper()
	inner := new(tokens.Memory)
	_, err := inner.Save(context.Background(), account, data, "")
	require.NoError(t, err)
	got, version, err := (&tokens.Sealed{Store: inner, Keeper: keeper}).Load(context.Background(), account)
	require.NotEmpty(t, version)
	return string(got), err
}

func TestSealedTampered(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, "a")
	data := raw(t, keys, account, "secret")
	require.NotContains(t, string(data), "secret")
	require.NotEqual(t, data, raw(t, keys, account, "secret"))
	got, err := open(t, keys, account, data)
	require.NoError(t, err)
	require.Equal(t, "secret", got)

	refused := func(account string, data []byte) {
		t.Helper()
		got, err := open(t, keys, account, data)
		require.ErrorIs(t, err, tokens.ErrSealed)
		require.ErrorIs(t, err, exdesk.ErrAuth)
		require.NotErrorIs(t, err, exdesk.ErrTemporary)
		require.Empty(t, got)
	}
	for i := range data {
		for _, bit := range []byte{1, 0x80} {
			changed := bytes.Clone(data)
			changed[i] ^= bit
			refused(account, changed)
		}
		if i > 0 {
			refused(account, data[:i])
		}
	}
	refused(account, append(bytes.Clone(data), 0))
	refused("other@contoso.test", data)
	refused(account, []byte(`{"access_token":"a"}`)) // from before it was sealed
	older := bytes.Clone(data)
	older[0] = 0
	refused(account, older)
	// The key of one version does not open another.
	other := raw(t, keys, account, "public")
	head := len(data) - len("secret") - 16 - 12
	refused(account, append(bytes.Clone(data[:head]), other[head:]...))
}

func TestSealedRotation(t *testing.T) {
	t.Parallel()
	old := raw(t, newKeys(t, "a"), account, "secret")
	got, err := open(t, newKeys(t, "b", "a"), account, old)
	require.NoError(t, err)
	require.Equal(t, "secret", got)
	_, err = open(t, newKeys(t, "b"), account, old)
	require.ErrorIs(t, err, tokens.ErrSealed)
	require.ErrorContains(t, err, `key "a" is missing`)

	young := raw(t, newKeys(t, "b", "a"), account, "secret")
	got, err = open(t, newKeys(t, "b"), account, young)
	require.NoError(t, err)
	require.Equal(t, "secret", got)
	_, err = open(t, newKeys(t, "a"), account, young)
	require.ErrorContains(t, err, `key "b" is missing`)

	// Another key under the same id.
	swapped, err := tokens.NewKeys(tokens.Key{ID: "a", Secret: make([]byte, 32)})
	require.NoError(t, err)
	_, err = open(t, swapped, account, old)
	require.ErrorIs(t, err, tokens.ErrSealed)

	// Whoever signs in again replaces what does not open.
	inner := new(tokens.Memory)
	_, err = inner.Save(t.Context(), account, old, "")
	require.NoError(t, err)
	s := &tokens.Sealed{Store: inner, Keeper: newKeys(t, "b")}
	require.NoError(t, tokens.Put(t.Context(), s, account, tokens.SignIn{Token: &oauth2.Token{RefreshToken: "r"}}))
	_, _, err = s.Load(t.Context(), account)
	require.NoError(t, err)
}

func TestNewKeys(t *testing.T) {
	t.Parallel()
	good := make([]byte, 32)
	for _, bad := range [][]tokens.Key{nil, {{"", good}}, {{strings.Repeat("x", 256), good}}, {{"a", good[:16]}}, {{"a", nil}},
		{{"a", good}, {"a", good}}} {
		_, err := tokens.NewKeys(bad...)
		require.Error(t, err)
	}
	_, err := tokens.NewKeys(tokens.Key{ID: strings.Repeat("x", 255), Secret: good})
	require.NoError(t, err)
}

// keeper answers as it is told.
type keeper struct {
	out []byte
	err error
}

func (k keeper) Encrypt(context.Context, []byte) ([]byte, error) { return k.out, k.err }
func (k keeper) Decrypt(context.Context, []byte) ([]byte, error) { return k.out, k.err }

func TestSealedKeeper(t *testing.T) {
	t.Parallel()
	data := raw(t, newKeys(t, "a"), account, "secret")
	down := errors.New("the service is down")
	_, err := open(t, keeper{err: down}, account, data)
	require.ErrorIs(t, err, down)
	require.ErrorIs(t, err, exdesk.ErrTemporary)
	require.NotErrorIs(t, err, tokens.ErrSealed)
	for _, out := range [][]byte{nil, make([]byte, 31), make([]byte, 33), make([]byte, 32)} {
		_, err = open(t, keeper{out: out}, account, data)
		require.ErrorIs(t, err, tokens.ErrSealed)
	}
	for _, k := range []keeper{{err: down}, {}, {out: make([]byte, 1<<16)}} {
		inner := new(tokens.Memory)
		s := &tokens.Sealed{Store: inner, Keeper: k}
		_, err = s.Save(t.Context(), account, []byte("secret"), "")
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		_, _, err = inner.Load(t.Context(), account)
		require.ErrorIs(t, err, tokens.ErrNotFound)
	}
	// A dead service does not let Put destroy what is there.
	inner := new(tokens.Memory)
	_, err = inner.Save(t.Context(), account, data, "")
	require.NoError(t, err)
	require.ErrorIs(t, tokens.Put(t.Context(), &tokens.Sealed{Store: inner, Keeper: keeper{err: down}}, account,
		tokens.SignIn{Token: &oauth2.Token{RefreshToken: "r"}}), down)
}

// Nothing that holds a secret shows it.
func TestHidden(t *testing.T) {
	t.Parallel()
	memory := new(tokens.Memory)
	require.NoError(t, tokens.Put(t.Context(), memory, account, tokens.SignIn{Token: &oauth2.Token{AccessToken: "SECRET", RefreshToken: "SECRET"}}))
	source, err := tokens.NewSource(account, memory, &oauth2.Config{ClientID: "id", ClientSecret: "SECRET",
		Endpoint: oauth2.Endpoint{TokenURL: "https://localhost/token"}}, nil)
	require.NoError(t, err)
	_, err = source.Token()
	require.NoError(t, err)
	key := tokens.Key{ID: "a", Secret: []byte("SECRETSECRETSECRETSECRETSECRETSE")}
	keys, err := tokens.NewKeys(key)
	require.NoError(t, err)
	secret := fmt.Sprintf("%d", []byte("SECRET"))
	secret = secret[1 : len(secret)-1]
	for _, v := range []any{memory, source, tokens.NewAppSource(nil), tokens.SignIn{Token: &oauth2.Token{RefreshToken: "SECRET"}}, key, &key, keys, &tokens.Sealed{Store: memory, Keeper: keys}, []any{source, key}} {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		j, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(j)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		for _, s := range []string{"SECRET", secret, fmt.Sprintf("%x", "SECRET")} {
			require.NotContains(t, out.String(), s)
		}
	}
}

// kept is "secret", sealed by version 1: what is kept has to open for good.
const kept = "AQA/AQFhoDIDGyeBz8sGIEOQt4pJcEQI3ptsOlnGjhhomV557U7v1bDOoQkjkxb1nh6snPl4LlZcAvby7k6VcCE15OOgr/DmKIXIr6Gi+xRgM5vrhkCa1iLK6I6UkMO3Np4wMw=="

func TestSealedFormat(t *testing.T) {
	t.Parallel()
	data, err := base64.StdEncoding.DecodeString(kept)
	require.NoError(t, err)
	got, err := open(t, newKeys(t, "b", "a"), account, data)
	require.NoError(t, err)
	require.Equal(t, "secret", got)
}

// FuzzSealed: what was sealed opens as it was, for its account; with any bit
// changed, cut short, grown, put together of two or under another account's name, it
// does not, and neither does anything else that anybody may have put there.
func FuzzSealed(f *testing.F) {
	keys := newKeys(f, "b", "a")
	sealed, err := base64.StdEncoding.DecodeString(kept)
	require.NoError(f, err)
	f.Add(sealed, []byte("secret"), uint16(0), byte(0))
	f.Add(sealed[:20], []byte{0}, uint16(3), byte(1))
	f.Add([]byte{1, 0xff, 0xff, 1, 0xff}, []byte(`{"access_token":"a"}`), uint16(700), byte(2))
	f.Add([]byte(`{"access_token":"a"}`), bytes.Repeat([]byte("x"), 5000), uint16(65535), byte(3))
	f.Fuzz(func(t *testing.T, data, plain []byte, at uint16, how byte) {
		closed := func(account string, data []byte) {
			t.Helper()
			if len(data) == 0 || len(data) > 1<<20 {
				return // no Store keeps that
			}
			got, err := open(t, keys, account, data)
			require.ErrorIs(t, err, tokens.ErrSealed)
			require.Empty(t, got)
		}
		if !bytes.Equal(data, sealed) {
			closed(account, data)
		}
		if len(plain) == 0 || len(plain) > 1<<16 {
			return
		}
		box := raw(t, keys, account, string(plain))
		require.False(t, len(plain) > 8 && bytes.Contains(box, plain))
		got, err := open(t, keys, account, box)
		require.NoError(t, err)
		require.Equal(t, string(plain), got)
		bit := bytes.Clone(box)
		bit[int(at)%len(bit)] ^= 1 << (how % 8)
		closed(account, bit)
		closed(account, box[:int(at)%len(box)])
		closed(account, append(bytes.Clone(box), byte(at)))
		closed(account+string(rune('a'+how%26)), box)
		closed(account[:len(account)-1]+string(rune('A'+how%26)), box) // which is as long
		other := raw(t, keys, account, string(plain))
		if cut := int(at) % len(box); cut > 0 && cut < len(other) && !bytes.Equal(box[:cut], other[:cut]) && !bytes.Equal(box[cut:], other[cut:]) {
			closed(account, append(bytes.Clone(box[:cut]), other[cut:]...))
		}
	})
}
