// The workloads of trees.c and map.c for Go's collector, as it comes.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

var sequence uint32 = 2463534242

func randomNext() uint32 {
	sequence ^= sequence << 13
	sequence ^= sequence >> 17
	sequence ^= sequence << 5
	return sequence
}

func randomBelow(bound uint32) uint32 {
	return uint32(uint64(randomNext()) * uint64(bound) >> 32)
}

// What all threads of this process used the processors.
func cpuNow() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func printTimes(cpu time.Duration, wall time.Time, checksum int) {
	fmt.Printf("seconds %.6f\n", (cpuNow() - cpu).Seconds())
	fmt.Printf("wall_seconds %.6f\n", time.Since(wall).Seconds())
	fmt.Printf("checksum %d\n", checksum)
}

// --- binary trees ---

type pair struct {
	left, right *pair
}

func bottomUp(depth int) *pair {
	if depth == 0 {
		return &pair{}
	}
	return &pair{bottomUp(depth - 1), bottomUp(depth - 1)}
}

func (p *pair) check() int {
	if p.left == nil {
		return 1
	}
	return 1 + p.left.check() + p.right.check()
}

func trees(depth int) {
	cpu, wall := cpuNow(), time.Now()
	checksum := bottomUp(depth + 1).check()
	kept := bottomUp(depth)
	for small := 4; small <= depth; small += 2 {
		for i := 0; i < 1<<(depth-small+4); i++ {
			checksum += bottomUp(small).check()
		}
	}
	checksum += kept.check()
	printTimes(cpu, wall, checksum)
}

// --- GCBench ---

type node struct {
	left, right *node
	i, j        int32
}

var sink *node // what is stored here cannot be optimised away

func (n *node) count() int {
	if n == nil {
		return 0
	}
	return 1 + n.left.count() + n.right.count()
}

func (n *node) populate(depth int) {
	if depth == 0 {
		return
	}
	n.left, n.right = &node{}, &node{}
	n.left.populate(depth - 1)
	n.right.populate(depth - 1)
}

func topDown(depth int) *node {
	top := &node{}
	top.populate(depth)
	return top
}

func makeTree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{left: makeTree(depth - 1), right: makeTree(depth - 1)}
}

func treeSize(depth int) int {
	return 2<<depth - 1
}

func makeTrees(depth, stretch int) int {
	trees := 2 * treeSize(stretch) / treeSize(depth)
	for i := 0; i < trees; i++ {
		sink = topDown(depth)
	}
	for i := 0; i < trees; i++ {
		sink = makeTree(depth)
	}
	sink = nil
	return trees
}

func gcbench(depth int) {
	cpu, wall, checksum := cpuNow(), time.Now(), 0
	sink = makeTree(depth + 2)
	sink = nil
	kept := topDown(depth)
	values := make([]float64, 500000)
	for i := 0; i < len(values)/2; i++ {
		values[i] = 1 / float64(i+1)
	}
	for small := 4; small <= depth; small += 2 {
		checksum += makeTrees(small, depth+2)
	}
	checksum += kept.count() + int(values[999]*1000)
	printTimes(cpu, wall, checksum)
}

// --- the map ---

const (
	batch      = 32
	operations = 4000000
)

type entry struct {
	next  *entry
	key   *[12]byte
	value []byte
}

var (
	buckets    []*entry
	bucketBits int
	count      uint32
	checksum   uint32
)

func makeKey(number uint32) *[12]byte {
	key := new([12]byte)
	copy(key[:], "key-")
	for i := 0; i < 8; i++ {
		key[4+i] = "0123456789abcdef"[number>>(28-4*i)&15]
	}
	return key
}

func bucketOf(key *[12]byte) uint32 {
	var hash uint32 = 2166136261
	for _, b := range key {
		hash = (hash ^ uint32(b)) * 16777619
	}
	return hash * 0x9e3779b1 >> (32 - bucketBits)
}

func makeValue(random uint32) []byte {
	value := make([]byte, 15+8*(random&3))
	binary.LittleEndian.PutUint32(value, random)
	return value
}

func operate(keys uint32, filling bool) {
	key := makeKey(randomBelow(keys))
	bucket, random := bucketOf(key), randomNext()
	var previous *entry
	found := buckets[bucket]
	for found != nil && !bytes.Equal(found.key[:], key[:]) {
		previous, found = found, found.next
	}
	if found == nil {
		buckets[bucket] = &entry{buckets[bucket], key, makeValue(random >> 1)}
		count++
	} else if !filling && random&1 != 0 {
		checksum += binary.LittleEndian.Uint32(found.value)
		found.value = makeValue(random >> 1)
	} else if !filling {
		checksum += binary.LittleEndian.Uint32(found.value) * 3
		if previous != nil {
			previous.next = found.next
		} else {
			buckets[bucket] = found.next
		}
		count--
	}
}

func longer(a, b time.Duration) time.Duration {
	if a > b {
		return a
	}
	return b
}

func fillAndChurn(entries int) {
	keys := uint32(entries / 2 * 3)
	for 1<<bucketBits < entries {
		bucketBits++
	}
	buckets = make([]*entry, 1<<bucketBits)
	filling := true
	var gapWall, gapCPU, beginCPU time.Duration
	var beginWall time.Time
	lastWall, lastCPU := time.Now(), cpuNow()
	for i := 0; i < operations; {
		for j := 0; j < batch; j++ {
			operate(keys, filling)
		}
		if !filling {
			i += batch
		}
		wall, cpu := time.Now(), cpuNow()
		gapWall = longer(gapWall, wall.Sub(lastWall))
		gapCPU = longer(gapCPU, cpu-lastCPU)
		lastWall, lastCPU = wall, cpu
		if filling && count >= uint32(entries) {
			filling = false
			beginWall, beginCPU = wall, cpu
		}
	}
	fmt.Printf("operation_ns %.3f\n", float64(lastCPU-beginCPU)/operations)
	fmt.Printf("operation_wall_ns %.3f\n", float64(lastWall.Sub(beginWall))/operations)
	fmt.Printf("pause_ns %d\npause_cpu_ns %d\n", gapWall, gapCPU)
	fmt.Printf("checksum %d\n", checksum^count)
}

func main() {
	size, _ := strconv.Atoi(os.Args[2])
	switch os.Args[1] {
	case "trees":
		trees(size)
	case "gcbench":
		gcbench(size)
	case "map":
		fillAndChurn(size)
	default:
		os.Exit(2)
	}
}
