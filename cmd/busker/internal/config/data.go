package config

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Address returns where the store is: what was set, or a file in the user's data folder.
func (s Store) Address() (string, error) {
	if s.URL != "" {
		return s.URL.Reveal(), nil
	}
	folder, err := dataFolder()
	if err != nil {
		return "", fmt.Errorf("no folder for the store (name one by --store-url or BUSKER_STORE_URL): %w", err)
	}
	return filepath.Join(folder, "busker", "busker.db"), nil
}

// dataFolder is where programs keep what users would miss (XDG Base Directory 0.8 on
// Linux), beside what os.UserCacheDir returns.
func dataFolder() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	if runtime.GOOS == "windows" {
		return os.UserCacheDir() // %LocalAppData% is for both
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support"), nil
	}
	return filepath.Join(home, ".local", "share"), nil
}

// Folder returns the folder for encoded tracks: the one asked for, or one in the user's
// cache folder.
func (c Cache) Folder() (string, error) {
	if c.Dir != "" {
		return c.Dir, nil
	}
	home, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for the cache (set cache-dir, or cache-max-bytes to 0): %w", err)
	}
	return filepath.Join(home, "busker", "encoded"), nil
}

// Days is a number of days as a time.
func Days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
