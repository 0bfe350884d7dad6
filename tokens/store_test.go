package tokens_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/exdesktest"
	"github.com/exdesk/exdesk/tokens"
)

const account = "support@contoso.test"

func openFile(t testing.TB, dir string) *tokens.File {
	t.Helper()
	f, err := tokens.OpenFile(dir)
	require.NoError(t, err)
	return f
}

func newKeys(t testing.TB, ids ...string) *tokens.Keys {
	t.Helper()
	var keys []tokens.Key
	for _, id := range ids {
		keys = append(keys, tokens.Key{ID: id, Secret: []byte((strings.Repeat(id, 32))[:32])})
	}
	k, err := tokens.NewKeys(keys...)
	require.NoError(t, err)
	return k
}

// stores calls f with each kind of Store.
func stores(t *testing.T, f func(t *testing.T, store tokens.Store)) {
	t.Run("Memory", func(t *testing.T) { t.Parallel(); f(t, new(tokens.Memory)) })
	t.Run("File", func(t *testing.T) { t.Parallel(); f(t, openFile(t, t.TempDir())) })
	t.Run("Sealed", func(t *testing.T) {
		t.Parallel()
		f(t, &tokens.Sealed{Store: openFile(t, t.TempDir()), Keeper: newKeys(t, "a")})
	})
}

// Memory goes through the suite in package exdesktest.
func TestStore(t *testing.T) {
	t.Run("File", func(t *testing.T) {
		t.Parallel()
		exdesktest.TokenStore(t, func(t *testing.T) func() tokens.Store {
			dir := t.TempDir()
			return func() tokens.Store { return openFile(t, dir) }
		})
	})
	// Sealed hides the data from whoever looks into the Store, so the suite looks
	// through it.
	t.Run("Sealed", func(t *testing.T) {
		t.Parallel()
		exdesktest.TokenStore(t, func(t *testing.T) func() tokens.Store {
			dir := t.TempDir()
			return func() tokens.Store {
				return &tokens.Sealed{Store: openFile(t, dir), Keeper: newKeys(t, "a")}
			}
		})
	})
}

// What several processes saved leaves one version behind.
func TestFileKeepsOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := []*tokens.File{openFile(t, dir), openFile(t, dir), openFile(t, dir)}
	var wg sync.WaitGroup
	for _, s := range all {
		wg.Go(func() {
			for done := 0; done < 40; {
				_, v, err := s.Load(t.Context(), account)
				if err != nil && !errors.Is(err, tokens.ErrNotFound) {
					t.Errorf("%v", err)
					return
				}
				if _, err = s.Save(t.Context(), account, []byte("x"), v); err == nil {
					done++
				}
			}
		})
	}
	wg.Wait()
	require.Len(t, files(t, dir), 1)
}

// files are those in the directories of accounts.
func files(t testing.TB, dir string) (out []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	}))
	return out
}

func TestFileModes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	dir := filepath.Join(t.TempDir(), "tokens")
	f := openFile(t, dir)
	_, err := f.Save(t.Context(), account, []byte("secret"), "")
	require.NoError(t, err)
	paths := files(t, dir)
	require.Len(t, paths, 1)
	require.NotContains(t, paths[0], "contoso")
	for path, mode := range map[string]fs.FileMode{dir: 0o700, filepath.Dir(paths[0]): 0o700, paths[0]: 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm())
	}

	require.NoError(t, os.Chmod(dir, 0o777))
	_, err = tokens.OpenFile(dir)
	require.ErrorContains(t, err, "everybody may write")
	_, err = tokens.OpenFile(paths[0])
	require.ErrorContains(t, err, "not a directory")
	_, err = tokens.OpenFile(filepath.Join(dir, "a", "b"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// What is no version does not count, and what a dead process left goes.
func TestFileStrangers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := openFile(t, dir)
	v, err := f.Save(t.Context(), account, []byte("one"), "")
	require.NoError(t, err)
	place := filepath.Dir(files(t, dir)[0])
	for _, name := range []string{"02", "-3", "+4", "5x", "99999999999999999999", "0", "old.new", "young.new"} {
		require.NoError(t, os.WriteFile(filepath.Join(place, name), []byte("stranger"), 0o600))
	}
	old := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(place, "old.new"), old, old))
	data, now, err := f.Load(t.Context(), account)
	require.NoError(t, err)
	require.Equal(t, "one", string(data))
	require.Equal(t, v, now)
	_, err = f.Save(t.Context(), account, []byte("two"), v)
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join(place, "old.new"))
	require.NoFileExists(t, filepath.Join(place, v))
	require.FileExists(t, filepath.Join(place, "young.new"))

	// The highest number there can be is the last.
	require.NoError(t, os.WriteFile(filepath.Join(place, "9223372036854775807"), []byte("end"), 0o600))
	_, v, err = f.Load(t.Context(), account)
	require.NoError(t, err)
	_, err = f.Save(t.Context(), account, []byte("more"), v)
	require.ErrorIs(t, err, exdesk.ErrTemporary)
}

// A process is killed at each step of Save: what was there is there, or what it
// has saved, whole, and everybody else goes on at once.
func TestFileDeath(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv("EXDESK_TOKENS_DIR"); dir != "" {
		f, err := tokens.Dying(dir, func(step string) {
			if step == os.Getenv("EXDESK_TOKENS_DIE") {
				os.Exit(9)
			}
		})
		require.NoError(t, err)
		_, v, _ := f.Load(context.Background(), account)
		_, err = f.Save(context.Background(), account, []byte("new"), v)
		require.NoError(t, err)
		return
	}
	for _, step := range []string{"made", "created", "written", "closed", "linked", "synced", "removed", ""} {
		for _, before := range []string{"", "old"} {
			if step == "removed" && before == "" {
				continue
			}
			t.Run(step+"/"+before, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				f := openFile(t, dir)
				if before != "" {
					_, err := f.Save(t.Context(), account, []byte(before), "")
					require.NoError(t, err)
				}
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFileDeath$")
				cmd.Env = append(os.Environ(), "EXDESK_TOKENS_DIR="+dir, "EXDESK_TOKENS_DIE="+step)
				out, err := cmd.CombinedOutput()
				if step == "" {
					require.NoError(t, err, "%s", out)
				} else {
					var exit *exec.ExitError
					require.ErrorAs(t, err, &exit)
					require.Equal(t, 9, exit.ExitCode(), "%s", out)
				}
				want := "new"
				switch step {
				case "made", "created", "written", "closed":
					want = before
				}
				data, v, err := f.Load(t.Context(), account)
				if want == "" {
					require.ErrorIs(t, err, tokens.ErrNotFound)
				} else {
					require.NoError(t, err)
					require.Equal(t, want, string(data))
				}
				_, err = f.Save(t.Context(), account, []byte("next"), v)
				require.NoError(t, err)
				data, _, err = f.Load(t.Context(), account)
				require.NoError(t, err)
				require.Equal(t, "next", string(data))
			})
		}
	}
}

// One who was slow finds others two versions ahead, and the number that he
// wants free: he has not saved.
func TestFileOvertaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fast := openFile(t, dir)
	v, err := fast.Save(t.Context(), account, []byte("1"), "")
	require.NoError(t, err)
	slow, err := tokens.Dying(dir, func(step string) {
		if step != "closed" {
			return
		}
		for _, s := range []string{"2", "3"} {
			_, v, err := fast.Load(t.Context(), account)
			require.NoError(t, err)
			_, err = fast.Save(t.Context(), account, []byte(s), v)
			require.NoError(t, err)
		}
	})
	require.NoError(t, err)
	_, err = slow.Save(t.Context(), account, []byte("late"), v)
	require.ErrorIs(t, err, tokens.ErrChanged)
	data, _, err := fast.Load(t.Context(), account)
	require.NoError(t, err)
	require.Equal(t, "3", string(data))
	require.Len(t, files(t, dir), 1)
}

func TestPut(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s tokens.Store) {
		require.NoError(t, tokens.Forget(t.Context(), s, account))
		for range 2 {
			require.NoError(t, tokens.Put(t.Context(), s, account, tokens.SignIn{Token: &oauth2.Token{RefreshToken: "r"}}))
		}
		require.NoError(t, tokens.Forget(t.Context(), s, account))
		_, _, err := s.Load(t.Context(), account)
		require.ErrorIs(t, err, tokens.ErrNotFound)
		for _, bad := range []*oauth2.Token{nil, {}, {AccessToken: "a\r\nb"}, {AccessToken: "a", TokenType: "mac"},
			{RefreshToken: strings.Repeat("x", 1<<17)}} {
			require.Error(t, tokens.Put(t.Context(), s, account, tokens.SignIn{Token: bad}))
		}
		require.Error(t, tokens.Put(t.Context(), s, "", tokens.SignIn{Token: &oauth2.Token{RefreshToken: "r"}}))
	})
}

// A link that somebody has put where the next version is to be, before Save looks
// or after, leads nowhere: what it points to is neither written nor made, and the
// account's version stays.
func TestFileFollowsNoLink(t *testing.T) {
	t.Parallel()
	victim := filepath.Join(t.TempDir(), "victim")
	require.NoError(t, os.WriteFile(victim, []byte("theirs"), 0o644))
	for _, target := range []string{victim, victim + ".none"} {
		for _, late := range []bool{false, true} {
			dir := t.TempDir()
			v, err := openFile(t, dir).Save(t.Context(), account, []byte("one"), "")
			require.NoError(t, err)
			require.Equal(t, "1", v)
			next := filepath.Join(filepath.Dir(files(t, dir)[0]), "2")
			if err := os.Symlink(target, next); err != nil {
				t.Skip("no links here: ", err)
			}
			if late {
				require.NoError(t, os.Remove(next))
			}
			f, err := tokens.Dying(dir, func(step string) {
				if late && step == "closed" {
					require.NoError(t, os.Symlink(target, next))
				}
			})
			require.NoError(t, err)
			_, err = f.Save(t.Context(), account, []byte("two"), v)
			require.ErrorIs(t, err, tokens.ErrChanged)
			data, err := os.ReadFile(victim)
			require.NoError(t, err)
			require.Equal(t, "theirs", string(data))
			require.NoFileExists(t, victim+".none")
			require.NoError(t, os.Remove(next))
			data, _, err = f.Load(t.Context(), account)
			require.NoError(t, err)
			require.Equal(t, "one", string(data))
		}
	}
}

// What a link shows for a version does not open once the versions are sealed.
func TestSealedFileLinked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := &tokens.Sealed{Store: openFile(t, dir), Keeper: newKeys(t, "a")}
	_, err := s.Save(t.Context(), account, []byte("one"), "")
	require.NoError(t, err)
	theirs := filepath.Join(t.TempDir(), "theirs")
	require.NoError(t, os.WriteFile(theirs, []byte(`{"refresh_token":"theirs"}`), 0o644))
	if err := os.Symlink(theirs, filepath.Join(filepath.Dir(files(t, dir)[0]), "2")); err != nil {
		t.Skip("no links here: ", err)
	}
	_, _, err = s.Load(t.Context(), account)
	require.ErrorIs(t, err, tokens.ErrSealed)
}
