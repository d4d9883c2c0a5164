// Package folders opens what lies in the operator's music folders, and names it.
//
// Nothing outside the folders can be reached, whatever a name or a symbolic link says. The
// package does not know what files hold, keeps nothing of them and starts no goroutines.
package folders

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"busker/internal/fault"
)

// Source is what tracks from here say of their source.
const Source = "file"

// Set is several folders. It is safe for concurrent use.
type Set struct {
	list []*Folder
}

// Folder is one music folder.
//
// What is in the first is named by its path: "Album/1 Song.ogg". In the others that path
// follows the folder's name, "//Jazz/Album/1 Song.ogg", which no path below the first can
// be. The folder's name is the last element of its own path, so that URIs stay what they
// are when folders come, go and change places.
type Folder struct {
	Name string // unique
	Dir  string // absolute
	root *os.Root
	bare bool // it is the first
}

// Open opens the folders; Close gives them back. A folder inside another is refused: its
// files would be there twice.
func Open(dirs ...string) (*Set, error) {
	s := &Set{}
	for _, dir := range dirs {
		if err := s.add(dir); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func (s *Set) add(dir string) error {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find the music folder: %w", err)
	}
	if real, err := filepath.EvalSymlinks(absolute); err == nil {
		for _, f := range s.list {
			if within(real, f.Dir) || within(f.Dir, real) {
				return fault.New(fault.Invalid, "One music folder is inside another: name only the outer one.")
			}
		}
		absolute = real
	}
	root, err := os.OpenRoot(absolute)
	if err != nil {
		return fault.Wrap(fault.NotFound, "The music folder cannot be opened.", err)
	}
	s.list = append(s.list, &Folder{Name: s.free(dir, absolute), Dir: absolute, root: root, bare: len(s.list) == 0})
	return nil
}

func within(dir, outer string) bool {
	rel, err := filepath.Rel(outer, dir)
	return err == nil && filepath.IsLocal(rel)
}

// free is the name of a new folder: the last element of its path as the operator wrote
// it, and of a second one of that name something that is always the same.
func (s *Set) free(dir, absolute string) string {
	name := filepath.Base(filepath.Clean(dir))
	if name == "." || name == ".." || name == string(filepath.Separator) {
		name = filepath.Base(absolute)
	}
	name = strings.ToValidUTF8(strings.ReplaceAll(name, "/", ""), "")
	if name == "" {
		name = "music"
	}
	for _, f := range s.list {
		if f.Name == name {
			sum := sha256.Sum256([]byte(absolute))
			return name + "~" + hex.EncodeToString(sum[:3])
		}
	}
	return name
}

// Close gives the folders back. Files that are open stay usable.
func (s *Set) Close() error {
	errs := make([]error, 0, len(s.list))
	for _, f := range s.list {
		errs = append(errs, f.root.Close())
	}
	return errors.Join(errs...)
}

// List returns the folders in their order.
func (s *Set) List() []*Folder { return s.list }

// Place is a file or folder in one of the music folders.
type Place struct {
	Folder *Folder
	Path   string // below the folder, "." = the folder itself
}

// URI names p as tracks do.
func (p Place) URI() string { return p.Folder.URI(p.Path) }

// URI names what is at a path below f.
func (f *Folder) URI(name string) string {
	if f.bare {
		return name
	}
	return "//" + f.Name + "/" + name
}

// Places returns where a URI, or what somebody wrote for one, may lead: without a folder's
// name to the first that has it, be it that folders changed places. It returns nothing
// for what can be no path.
func (s *Set) Places(text string) []Place {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
		return nil
	}
	if rest, ok := strings.CutPrefix(text, "//"); ok {
		folder, name, _ := strings.Cut(rest, "/")
		for _, f := range s.list {
			if f.Name == folder {
				return placesIn(name, f)
			}
		}
	}
	return placesIn(text, s.list...)
}

// placesIn refuses what could not be below a folder; that nothing escapes is os.Root's care.
func placesIn(name string, list ...*Folder) (places []Place) {
	name = path.Clean(strings.TrimLeft(name, "/"))
	if !fs.ValidPath(name) {
		return nil
	}
	for _, f := range list {
		places = append(places, Place{f, name})
	}
	return places
}

// Find returns the first place a URI leads to where there is something.
func (s *Set) Find(text string) (Place, fs.FileInfo, bool) {
	for _, p := range s.Places(text) {
		if info, err := p.Stat(); err == nil {
			return p, info, true
		}
	}
	return Place{}, nil, false
}

// Stat describes what is there, behind symbolic links.
func (p Place) Stat() (fs.FileInfo, error) { return p.Folder.root.Stat(p.Path) }

// ReadDir lists a folder by name. What it says of an entry is of a symbolic link itself.
func (p Place) ReadDir() ([]fs.DirEntry, error) { return fs.ReadDir(p.Folder.root.FS(), p.Path) }

// Below is the place of an entry of a folder.
func (p Place) Below(name string) Place { return Place{p.Folder, path.Join(p.Path, name)} }

// Local is the path by which the system knows p: to be watched, and never to be opened.
func (p Place) Local() string { return filepath.Join(p.Folder.Dir, filepath.FromSlash(p.Path)) }

// Open opens a regular file. The check comes first because to open a pipe would wait for
// somebody to write to it.
func (p Place) Open() (*os.File, fs.FileInfo, error) {
	info, err := p.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return nil, nil, Missing(p.Path)
	}
	f, err := p.Folder.root.Open(p.Path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, nil, fault.Wrapf(fault.Denied, err, "I may not read “%s”.", Brief(p.Path))
	case err != nil:
		return nil, nil, Missing(p.Path)
	}
	if info, err = f.Stat(); err != nil { // another file may have taken its place
		return nil, nil, errors.Join(fmt.Errorf("look at %s: %w", p.Path, err), f.Close())
	}
	return f, info, nil
}

// Version is another one when a file was written again.
func Version(stat fs.FileInfo) string { return VersionOf(stat.Size(), stat.ModTime().UnixNano()) }

// VersionOf is the Version of a file of so many bytes, changed so many nanoseconds after 1970.
func VersionOf(size, changed int64) string {
	return strconv.FormatInt(size, 36) + "-" + strconv.FormatInt(changed, 36)
}

// Missing is what is said of a name that leads nowhere.
func Missing(text string) error {
	return fault.Newf(fault.NotFound, "There is no “%s” in the music folder.", Brief(text))
}

// Brief shortens a name to what fits a sentence.
func Brief(s string) string {
	const most = 80
	if r := []rune(strings.ToValidUTF8(s, "�")); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return strings.ToValidUTF8(s, "�")
}
