package words_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"busker/dsp"
	"busker/words"
)

// silent lists what is not part of what people in Discord talk to: its faults are
// for the operator, in English.
var silent = []string{"busker/emulator", "busker/bench", "busker/tools", "busker/cmd", "busker/cluster/clustertest", "busker/internal/fault", "busker/words"}

// speakers are the packages whose functions take texts with arguments.
var speakers = []string{"busker/words", "busker/internal/fault", "busker/bot"}

// textual are the prefixes of constants that hold texts, and how many characters
// Discord takes of each.
var textual = map[string]int{
	"text": 4000, "label": 80, "about": 100, "choice": 100, "title": 45, "placeholder": 100,
}

// source is what the code of the module says.
type source struct {
	keys     map[string]string // text → where it is said
	limits   map[string]int    // text → how many characters it may have
	problems []string
}

func (s *source) add(key, where string) {
	if key != "" {
		s.keys[key] = where
	}
}

func (s *source) complain(where, format string, args ...any) {
	s.problems = append(s.problems, where+": "+fmt.Sprintf(format, args...))
}

// readSource type-checks the module and collects all it says.
func readSource(t *testing.T) *source {
	t.Helper()
	s := &source{keys: map[string]string{}, limits: map[string]int{}}
	listed, exports := list(t)
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	for _, p := range listed {
		r := &reading{source: s, fset: fset, info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}}
		files := make([]*ast.File, len(p.GoFiles))
		for i, name := range p.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files[i] = file
		}
		conf := types.Config{Importer: imports, FakeImportC: true, Error: func(error) {}}
		pkg, err := conf.Check(p.ImportPath, fset, files, r.info)
		if err != nil && len(p.CgoFiles) == 0 {
			t.Fatalf("%s: %v", p.ImportPath, err)
		}
		r.constants(pkg)
		for _, file := range files {
			ast.Inspect(file, r.visit)
		}
	}
	for _, p := range dsp.Presets() {
		s.add(p.Title, "dsp.Presets")
		s.add(p.About, "dsp.Presets")
	}
	return s
}

type listed struct {
	ImportPath, Dir, Export string
	GoFiles, CgoFiles       []string
}

// list returns the packages that say something, and where the compiler put what
// each package exports.
func list(t *testing.T) (speaking []listed, exports map[string]string) {
	t.Helper()
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,CgoFiles", "./...")
	cmd.Dir = ".."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	exports = map[string]string{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return speaking, exports
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if strings.HasPrefix(p.ImportPath, "busker/") && !belongs(p.ImportPath, silent) {
			speaking = append(speaking, p)
		}
	}
}

func belongs(path string, to []string) bool {
	for _, p := range to {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

// reading is one package being read.
type reading struct {
	*source
	fset *token.FileSet
	info *types.Info
}

// constants collects text…, label… and so on of a face.
func (r *reading) constants(pkg *types.Package) {
	if pkg.Path() != "busker/bot" && !strings.HasPrefix(pkg.Path(), "busker/bot/") {
		return
	}
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok || c.Val().Kind() != constant.String {
			continue
		}
		key := constant.StringVal(c.Val())
		for prefix, limit := range textual {
			rest, found := strings.CutPrefix(name, prefix)
			if !found || rest == "" || rest[0] < 'A' || rest[0] > 'Z' {
				continue
			}
			r.add(key, r.where(c.Pos()))
			if had, ok := r.limits[key]; !ok || limit < had {
				r.limits[key] = limit
			}
		}
	}
}

func (r *reading) visit(n ast.Node) bool {
	if e, ok := n.(ast.Expr); ok {
		if tv := r.info.Types[e]; tv.Value != nil && isFault(tv.Type, "Term") {
			r.add(constant.StringVal(tv.Value), r.where(e.Pos()))
		}
	}
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return true
	}
	f, ok := r.callee(call).(*types.Func)
	if !ok || f.Pkg() == nil {
		return true
	}
	switch f.Pkg().Path() + "." + f.Name() {
	case "busker/internal/fault.New", "busker/internal/fault.Wrap", "busker/internal/fault.Newf":
		r.message(call.Args[1])
	case "busker/internal/fault.Wrapf":
		r.message(call.Args[2])
	case "busker/words.Say":
		if v := r.info.Types[call.Args[0]].Value; v != nil {
			r.add(constant.StringVal(v), r.where(call.Pos()))
		}
	}
	r.arguments(call, f)
	return true
}

func (r *reading) callee(call *ast.CallExpr) types.Object {
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		return r.info.Uses[f]
	case *ast.SelectorExpr:
		return r.info.Uses[f.Sel]
	}
	return nil
}

// message takes the message of a fault: a constant, or a fault.Term that was one.
func (r *reading) message(e ast.Expr) {
	if v := r.info.Types[e].Value; v != nil {
		r.add(constant.StringVal(v), r.where(e.Pos()))
		return
	}
	if c, ok := ast.Unparen(e).(*ast.CallExpr); ok && len(c.Args) == 1 && isFault(r.info.Types[c.Args[0]].Type, "Term") {
		return
	}
	r.complain(r.where(e.Pos()), "the message of this fault is no constant, so it cannot be translated: use fault.Newf or fault.Wrapf, or hand it on as a fault.Term")
}

// arguments compares the verbs of a text with the arguments it is given, in every
// call of a function like Say: a text and then ...any.
func (r *reading) arguments(call *ast.CallExpr, f *types.Func) {
	sig := f.Signature()
	at := sig.Params().Len() - 2
	if !sig.Variadic() || at < 0 || call.Ellipsis.IsValid() || len(call.Args) <= at || !belongs(f.Pkg().Path(), speakers) {
		return
	}
	last := sig.Params().At(at + 1).Type().(*types.Slice)
	if i, ok := last.Elem().Underlying().(*types.Interface); !ok || !i.Empty() {
		return
	}
	v := r.info.Types[call.Args[at]].Value
	if v == nil || v.Kind() != constant.String {
		return
	}
	key, given := constant.StringVal(v), call.Args[at+1:]
	verbs, stray := words.Verbs(words.Bare(key))
	if stray {
		return // the catalogue complains, if it is a text
	}
	for i := range given {
		if problem := misfit(verbs[i], r.info.Types[given[i]].Type); problem != "" {
			r.complain(r.where(given[i].Pos()), "argument %d of %q %s", i+1, key, problem)
		}
	}
	if len(verbs) > len(given) {
		r.complain(r.where(call.Pos()), "%q lacks arguments", key)
	}
}

// misfit says what is wrong with an argument of type t for a verb.
func misfit(verb string, t types.Type) string {
	basic, ok := t.Underlying().(*types.Basic)
	switch {
	case verb == "":
		return "has no verb"
	case !ok:
		return ""
	}
	_, named := t.(*types.Named)
	switch info := basic.Info(); verb[len(verb)-1] {
	case 'd':
		if info&types.IsInteger == 0 {
			return "is no whole number"
		}
	case 'f':
		if info&types.IsFloat == 0 {
			return "is no fraction"
		}
	case 's':
		if info&types.IsString == 0 && !named {
			return "is no text"
		}
	}
	return ""
}

func (r *reading) where(at token.Pos) string {
	p := r.fset.Position(at)
	dir, file := filepath.Split(p.Filename)
	return fmt.Sprintf("%s/%s:%d", filepath.Base(dir), file, p.Line)
}

func isFault(t types.Type, name string) bool {
	n, ok := t.(*types.Named)
	return ok && n.Obj().Name() == name && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "busker/internal/fault"
}
