package tokens

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
)

// File is a Store in a directory. Make it with OpenFile.
//
// An account has a directory in it, whose name is the SHA-256 of the account's:
// it tells nothing to who does not know the account already. In there, each
// version is a file with mode 0600 and a number for its name, of which the
// highest counts. A version is written and synced under another name, and gets
// its own by a hard link, which fails if another process was faster; then those
// before it are removed. So there is no lock that somebody could die with: a
// process that ends at any instruction, by whatever signal, leaves what was
// there or what it has saved, whole.
//
// Any number of processes on one machine may share a directory; on a network's
// file system only if that makes a link once and lists what is there. A file
// system without hard links will not do.
//
// Files are not encrypted: see Sealed. Who may write to the directory can put
// an old version back.
type File struct {
	dir string
	at  func(step string) // a test's way to die there
}

var _ Store = (*File)(nil)

const (
	// unfinished is how a version's name ends until it counts.
	unfinished = ".new"
	// abandoned is how old a file is that nobody can still be writing.
	abandoned = 10 * time.Minute
	// scans is how often a directory is read while others save.
	scans = 100
)

// OpenFile returns the Store in the directory, which is made, with mode 0700,
// if it is not there; its parent has to be. A directory into which everybody may
// write is an error.
func OpenFile(dir string) (*File, error) {
	dir, err := filepath.Abs(dir) // so that it stays when the working directory does not
	if err != nil {
		return nil, fmt.Errorf("tokens: opening a store: %w", err)
	}
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("tokens: opening a store: %w", err)
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return nil, fmt.Errorf("tokens: opening a store: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("tokens: opening a store: %s is not a directory", dir)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o002 != 0: // Windows has no such bits
		return nil, fmt.Errorf("tokens: opening a store: everybody may write to %s: take that away, or name another directory", dir)
	}
	return &File{dir: dir}, nil
}

// makeDir makes a directory that lasts, if it is not there.
func makeDir(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		syncDir(filepath.Dir(dir))
	}
	return err
}

// syncDir makes the names in a directory last; some systems cannot.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}

func (f *File) place(account string) string {
	sum := sha256.Sum256([]byte("exdesk account\x00" + account))
	return filepath.Join(f.dir, hex.EncodeToString(sum[:]))
}

// Load implements Store.
func (f *File) Load(ctx context.Context, account string) ([]byte, string, error) {
	if err := checkAccount(account); err != nil {
		return nil, "", err
	}
	place := f.place(account)
	for range scans {
		if ctx.Err() != nil {
			return nil, "", context.Cause(ctx)
		}
		n, _, err := latest(place)
		if err != nil {
			return nil, "", fileError("reading", err)
		}
		if n == 0 {
			return nil, "", ErrNotFound
		}
		data, err := read(filepath.Join(place, name(n)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // somebody has saved since
		case err != nil:
			return nil, "", fileError("reading", err)
		case len(data) == 0:
			return nil, name(n), ErrNotFound
		}
		return data, name(n), nil
	}
	return nil, "", fileError("reading", errors.New("others save all the time"))
}

// Save implements Store.
func (f *File) Save(ctx context.Context, account string, data []byte, version string) (string, error) {
	if err := checkAccount(account); err != nil {
		return "", err
	}
	if err := checkData(data); err != nil {
		return "", err
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	n, err := f.save(f.place(account), data, version)
	if errors.Is(err, ErrChanged) {
		return "", ErrChanged
	}
	if err != nil {
		return "", fileError("saving", err)
	}
	return name(n), nil
}

func (f *File) save(place string, data []byte, version string) (int64, error) {
	old, _, err := latest(place)
	if err != nil {
		return 0, err
	}
	if name(old) != version {
		return 0, ErrChanged
	}
	if old == math.MaxInt64 {
		return 0, errors.New("there are no numbers left")
	}
	if old == 0 {
		if err := makeDir(place); err != nil {
			return 0, err
		}
	}
	f.reach("made")
	temp, err := f.write(place, data)
	if err != nil {
		return 0, err
	}
	own := filepath.Join(place, name(old+1))
	err = os.Link(temp, own)
	f.reach("linked")
	os.Remove(temp)
	if errors.Is(err, fs.ErrExist) {
		return 0, ErrChanged
	}
	if err != nil {
		return 0, err
	}
	syncDir(place)
	f.reach("synced")
	// If others have gone on in the meantime and removed what had this number,
	// the link was made, but does not count. One look could miss a version that
	// is removed during it, and the next one, that is made during it.
	var names []string
	for range 2 {
		var now int64
		if now, names, err = latest(place); err != nil {
			return 0, err
		}
		if now > old+1 {
			os.Remove(own)
			return 0, ErrChanged
		}
	}
	for _, s := range names {
		path := filepath.Join(place, s)
		if n := number(s); n != 0 && n <= old {
			os.Remove(path)
			f.reach("removed")
			continue
		}
		// What was left by a process that died.
		if info, err := os.Lstat(path); err == nil && strings.HasSuffix(s, unfinished) && time.Since(info.ModTime()) > abandoned {
			os.Remove(path)
		}
	}
	return old + 1, nil
}

// write writes data, to the disk, under a name that does not count.
func (f *File) write(place string, data []byte) (_ string, err error) {
	temp, err := os.CreateTemp(place, "*"+unfinished) // mode 0600
	if err != nil {
		return "", err
	}
	f.reach("created")
	defer func() {
		if err != nil {
			os.Remove(temp.Name())
		}
	}()
	_, err = temp.Write(data)
	f.reach("written")
	if err == nil {
		err = temp.Sync()
	}
	err = errors.Join(err, temp.Close())
	f.reach("closed")
	return temp.Name(), err
}

func (f *File) reach(step string) {
	if f.at != nil {
		f.at(step)
	}
}

// latest returns the highest number in a directory, 0 if there is none, and
// everything that is in it. What others save and remove meanwhile may hide all
// numbers from one look, hence several; a number that was there before a look
// and is there after it is seen.
func latest(place string) (n int64, names []string, err error) {
	for range 4 {
		dir, err := os.Open(place)
		if errors.Is(err, fs.ErrNotExist) {
			return 0, nil, nil
		}
		if err != nil {
			return 0, nil, err
		}
		names, err = dir.Readdirnames(-1)
		dir.Close()
		if err != nil {
			return 0, nil, err
		}
		for _, s := range names {
			n = max(n, number(s))
		}
		if n != 0 {
			break
		}
	}
	return n, names, nil
}

// name is the version's, and "" for 0.
func name(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// number is 0 for what is not the name of a version.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || name(n) != s {
		return 0
	}
	return n
}

func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, mostData+1))
	if err == nil && len(data) > mostData {
		err = fmt.Errorf("%s is longer than %d octets", path, mostData)
	}
	return data, err
}

// fileError is temporary: a disk may be full now, and a directory be put right.
func fileError(op string, err error) error {
	return fmt.Errorf("tokens: %s the store: %w: %w", op, err, exdesk.ErrTemporary)
}
