package loudness

// Parse reads a line and writes it again.
func Parse(line []byte) ([]byte, bool) {
	e, ok := parse(line)
	return e.appendLine(nil), ok
}

// SpareLines is how long a file may get.
const SpareLines = spareLines
