package opus_test

import (
	"debug/elf"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"busker/opus"
)

// Two copies of libopus in one program would share their symbols, and the older could
// silently stand in for the newer: a program has the system's, or layeh's own, or none.
func TestOneLibopusInAProgram(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "386" {
		t.Skip("layeh uses the system's libopus here")
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	libraries, err := program.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	systems := slices.ContainsFunc(libraries, func(l string) bool { return strings.HasPrefix(l, "libopus.so") })
	p, err := opus.Describe("")
	if err != nil {
		t.Fatal(err)
	}
	if systems != (p.Name == "libopus") {
		t.Errorf("%s is the default, and it is %v that the system's libopus is linked", p.Name, systems)
	}
	t.Logf("%+v", p)
}
