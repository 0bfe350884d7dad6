package tokens

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/exdesk/exdesk"
)

// Keeper encrypts a few octets with a key that it keeps: Keys does, and so does
// every *secrets.Keeper of gocloud.dev/secrets, for a service that never gives
// its key away. It is safe for concurrent use.
type Keeper interface {
	Encrypt(ctx context.Context, plaintext []byte) ([]byte, error)
	Decrypt(ctx context.Context, ciphertext []byte) ([]byte, error)
}

// Sealed is a Store that encrypts what goes into another one. Each version is
// encrypted by AES-256-GCM with a key of its own, which the Keeper encrypts, and
// is bound to its account: under another account's name it does not open.
//
// An error of the Keeper is an exdesk.ErrTemporary unless it is an ErrSealed.
// What was kept before without encryption does not open: put it once more.
//
// Whoever may write to the Store can put an old version back, or remove it.
type Sealed struct {
	Store  Store
	Keeper Keeper
}

var _ Store = (*Sealed)(nil)

// ErrSealed means that what is kept cannot be opened: its key is missing, it is
// another account's, or somebody has changed it. It is an exdesk.ErrAuth.
var ErrSealed = fmt.Errorf("tokens: what is kept cannot be opened: %w", exdesk.ErrAuth)

func sealError(why error) error { return fmt.Errorf("%w: %w", ErrSealed, why) }

// sealedVersion begins a sealed version. After it come the length of the
// encrypted key in two octets, that key, a nonce and the ciphertext.
const sealedVersion = 1

// binding is what a ciphertext is bound to besides itself: how to read it, its
// key and its account.
func binding(head []byte, account string) []byte {
	out := append([]byte("exdesk tokens\x00"), head...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(account)))
	return append(out, account...)
}

// Load implements Store. With an ErrSealed comes the version, so that Put can
// replace what does not open.
func (s *Sealed) Load(ctx context.Context, account string) ([]byte, string, error) {
	data, version, err := s.Store.Load(ctx, account)
	if err != nil {
		return nil, version, err
	}
	plain, err := s.open(ctx, account, data)
	if err != nil {
		return nil, version, err
	}
	return plain, version, nil
}

// Save implements Store.
func (s *Sealed) Save(ctx context.Context, account string, data []byte, version string) (string, error) {
	if len(data) == 0 {
		return s.Store.Save(ctx, account, nil, version)
	}
	if err := checkAccount(account); err != nil {
		return "", err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	wrapped, err := s.Keeper.Encrypt(ctx, key)
	switch {
	case err != nil:
		return "", keeperError("encrypt", err)
	case len(wrapped) == 0 || len(wrapped) > math.MaxUint16:
		return "", keeperError("encrypt", fmt.Errorf("it made %d octets of a key", len(wrapped)))
	}
	aead, err := newGCM(key)
	if err != nil {
		return "", fmt.Errorf("tokens: %w", err)
	}
	head := binary.BigEndian.AppendUint16([]byte{sealedVersion}, uint16(len(wrapped)))
	head = append(head, wrapped...)
	return s.Store.Save(ctx, account, seal(aead, head, data, binding(head, account)), version)
}

func (s *Sealed) open(ctx context.Context, account string, data []byte) ([]byte, error) {
	if len(data) < 3 {
		return nil, sealError(errShort)
	}
	if data[0] != sealedVersion {
		return nil, sealError(errors.New("it is not sealed, or by another version of exdesk"))
	}
	end := 3 + int(binary.BigEndian.Uint16(data[1:]))
	if len(data) < end {
		return nil, sealError(errShort)
	}
	head, rest := data[:end], data[end:]
	key, err := s.Keeper.Decrypt(ctx, head[3:])
	if err != nil {
		return nil, keeperError("decrypt", err)
	}
	if len(key) != 32 {
		return nil, sealError(errors.New("the key in it is not one"))
	}
	aead, err := newGCM(key)
	if err != nil {
		return nil, sealError(err)
	}
	plain, err := unseal(aead, rest, binding(head, account))
	if err != nil {
		return nil, sealError(errors.New("it is another account's, or somebody has changed it"))
	}
	return plain, nil
}

func keeperError(op string, err error) error {
	if errors.Is(err, ErrSealed) {
		return err
	}
	return fmt.Errorf("tokens: the keeper of the key cannot %s: %w: %w", op, err, exdesk.ErrTemporary)
}
