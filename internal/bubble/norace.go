//go:build !race

package bubble

func alone() (done func()) { return func() {} }
