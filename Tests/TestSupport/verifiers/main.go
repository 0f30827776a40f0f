// Command verify checks a log's tiles, its newest checkpoint and every record with golang.org/x/mod/sumdb, which knows nothing of
// the gateway: verify FOLDER VERIFIER-KEY.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tiles reads tiles of height 8 from a log's folder; in tlog-tiles their paths leave the height out.
type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil && tile.W < 256 {
			full := tile
			full.W = 256
			data, err = os.ReadFile(filepath.Join(t.folder, strings.Replace(full.Path(), "tile/8/", "tile/", 1)))
		}
		if err != nil {
			return nil, err
		}
		if len(data) < tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", path, len(data))
		}
		all = append(all, data[:tile.W*tlog.HashSize])
	}
	return all, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// number is that of a segment's first record: its name.
func number(name string) (int64, error) {
	return strconv.ParseInt(strings.TrimSuffix(filepath.Base(name), ".jsonl"), 10, 64)
}

// records gives the lines of a log, and the number of the first: retention removes those before it.
func records(folder string) ([][]byte, int64, error) {
	names, err := filepath.Glob(filepath.Join(folder, "segments", "*.jsonl"))
	if err != nil || len(names) == 0 {
		return nil, 0, err
	}
	sort.Strings(names)
	first, err := number(names[0])
	if err != nil {
		return nil, 0, err
	}
	var lines [][]byte
	for at, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, 0, err
		}
		parts := bytes.Split(data, []byte("\n"))
		limit := int64(-1)
		if at+1 < len(names) {
			limit, err = number(names[at+1])
			if err != nil {
				return nil, 0, err
			}
		}
		for _, line := range parts[:len(parts)-1] {
			if limit >= 0 && first+int64(len(lines)) >= limit {
				break
			}
			lines = append(lines, line)
		}
	}
	return lines, first, nil
}

func verify(folder, key string) (int64, int, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return 0, 0, err
	}
	data, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return 0, 0, err
	}
	signed, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return 0, 0, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return 0, 0, fmt.Errorf("no checkpoint of %s: %q", verifier.Name(), signed.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return 0, 0, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return 0, 0, err
	}
	all, first, err := records(folder)
	if err != nil {
		return 0, 0, err
	}
	count := int(first) + len(all)
	if int64(count) < size {
		return 0, 0, fmt.Errorf("%d records, the checkpoint covers %d", count, size)
	}
	var told int64
	// The reader proves every tile that it gives against the root.
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles{folder})
	for seq := int64(0); seq < size; seq += 256 {
		var wanted []int64
		for at := seq; at < seq+256 && at < size; at++ {
			wanted = append(wanted, tlog.StoredHashIndex(0, at))
		}
		hashes, err := reader.ReadHashes(wanted)
		if err != nil {
			return 0, 0, fmt.Errorf("tiles of record %d: %w", seq, err)
		}
		for at, hash := range hashes {
			if seq+int64(at) < first {
				continue
			}
			line := all[seq+int64(at)-first]
			var record struct {
				Seq, End int64
				Type     string
			}
			if err := json.Unmarshal(line, &record); err != nil || record.Seq != seq+int64(at) {
				return 0, 0, fmt.Errorf("record %d is not at its place", seq+int64(at))
			}
			if tlog.RecordHash(line) != hash {
				return 0, 0, fmt.Errorf("record %d is not the one in the tree", record.Seq)
			}
			if record.Type == "log.pruned" && record.End > told {
				told = record.End
			}
		}
	}
	if told < first {
		return 0, 0, fmt.Errorf("record %d is missing", told)
	}
	return size, count, nil
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: verify FOLDER VERIFIER-KEY")
	}
	size, count, err := verify(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatalf("not verified: %v", err)
	}
	fmt.Println("ok", count, size)
}
