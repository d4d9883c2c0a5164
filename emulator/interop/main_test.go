package interop_test

import (
	"flag"
	"os"
	"testing"
)

// atOnce is how many tests run at a time, unless -parallel says otherwise: a call with
// music in it waits more than it computes. What computes without a pause is a test that
// is not parallel, or the subtests of one, and over when the calls begin.
const atOnce = "4"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", atOnce)
	}
	os.Exit(m.Run())
}
