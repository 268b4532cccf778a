// The workloads of trees.c and map.c for Java's serial collector.
import java.lang.management.ManagementFactory;
import java.util.Arrays;

public class Workloads {
    static final com.sun.management.OperatingSystemMXBean SYSTEM =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    static long sequence = 2463534242L;

    static long randomNext() {
        long x = sequence;
        x ^= x << 13 & 0xffffffffL;
        x ^= x >>> 17;
        x ^= x << 5 & 0xffffffffL;
        return sequence = x;
    }

    static int randomBelow(int bound) {
        return (int) (randomNext() * bound >>> 32);
    }

    static void printTimes(long cpu, long wall, long checksum) {
        System.out.printf("seconds %.6f%n", (SYSTEM.getProcessCpuTime() - cpu) / 1e9);
        System.out.printf("wall_seconds %.6f%n", (System.nanoTime() - wall) / 1e9);
        System.out.printf("checksum %d%n", checksum);
    }

    // --- binary trees ---

    static final class Pair {
        final Pair left, right;

        Pair(Pair left, Pair right) {
            this.left = left;
            this.right = right;
        }

        int check() {
            return left == null ? 1 : 1 + left.check() + right.check();
        }
    }

    static Pair bottomUp(int depth) {
        return depth == 0 ? new Pair(null, null)
                          : new Pair(bottomUp(depth - 1), bottomUp(depth - 1));
    }

    static void trees(int depth) {
        long cpu = SYSTEM.getProcessCpuTime(), wall = System.nanoTime();
        long checksum = bottomUp(depth + 1).check();
        Pair kept = bottomUp(depth);
        for (int small = 4; small <= depth; small += 2)
            for (int i = 0; i < 1 << depth - small + 4; i++)
                checksum += bottomUp(small).check();
        checksum += kept.check();
        printTimes(cpu, wall, checksum);
    }

    // --- GCBench ---

    static final class Node {
        Node left, right;
        int i, j;

        Node(Node left, Node right) {
            this.left = left;
            this.right = right;
        }

        int count() {
            return 1 + (left == null ? 0 : left.count()) + (right == null ? 0 : right.count());
        }
    }

    static Object sink; // what is stored here cannot be optimised away

    static void populate(int depth, Node node) {
        if (depth == 0)
            return;
        node.left = new Node(null, null);
        node.right = new Node(null, null);
        populate(depth - 1, node.left);
        populate(depth - 1, node.right);
    }

    static Node topDown(int depth) {
        Node node = new Node(null, null);
        populate(depth, node);
        return node;
    }

    static Node makeTree(int depth) {
        return depth == 0 ? new Node(null, null)
                          : new Node(makeTree(depth - 1), makeTree(depth - 1));
    }

    static int treeSize(int depth) {
        return (2 << depth) - 1;
    }

    static int makeTrees(int depth, int stretch) {
        int trees = 2 * treeSize(stretch) / treeSize(depth);
        for (int i = 0; i < trees; i++)
            sink = topDown(depth);
        for (int i = 0; i < trees; i++)
            sink = makeTree(depth);
        sink = null;
        return trees;
    }

    static void gcbench(int depth) {
        long cpu = SYSTEM.getProcessCpuTime(), wall = System.nanoTime(), checksum = 0;
        sink = makeTree(depth + 2);
        sink = null;
        Node kept = topDown(depth);
        double[] values = new double[500000];
        for (int i = 0; i < 250000; i++)
            values[i] = 1.0 / (i + 1);
        for (int small = 4; small <= depth; small += 2)
            checksum += makeTrees(small, depth + 2);
        checksum += kept.count() + (long) (values[999] * 1000);
        printTimes(cpu, wall, checksum);
    }

    // --- the map ---

    static final int BATCH = 32, OPERATIONS = 4000000;

    static final class Entry {
        Entry next;
        final byte[] key;
        byte[] value;

        Entry(Entry next, byte[] key, byte[] value) {
            this.next = next;
            this.key = key;
            this.value = value;
        }
    }

    static Entry[] buckets;
    static int bucketBits, count;
    static long checksum;

    static byte[] makeKey(int number) {
        byte[] key = new byte[12];
        key[0] = 'k';
        key[1] = 'e';
        key[2] = 'y';
        key[3] = '-';
        for (int i = 0; i < 8; i++)
            key[4 + i] = (byte) "0123456789abcdef".charAt(number >>> 28 - 4 * i & 15);
        return key;
    }

    static int bucketOf(byte[] key) {
        int hash = (int) 2166136261L;
        for (byte b : key)
            hash = (hash ^ b) * 16777619;
        return hash * 0x9e3779b1 >>> 32 - bucketBits;
    }

    static byte[] makeValue(long random) {
        byte[] value = new byte[15 + 8 * (int) (random & 3)];
        for (int i = 0; i < 4; i++)
            value[i] = (byte) (random >>> 8 * i);
        return value;
    }

    static long valueOf(Entry entry) {
        byte[] v = entry.value;
        return v[0] & 255L | (v[1] & 255L) << 8 | (v[2] & 255L) << 16 | (v[3] & 255L) << 24;
    }

    static void operate(int keys, boolean filling) {
        byte[] key = makeKey(randomBelow(keys));
        int bucket = bucketOf(key);
        long random = randomNext();
        Entry previous = null, entry = buckets[bucket];
        while (entry != null && !Arrays.equals(entry.key, key)) {
            previous = entry;
            entry = entry.next;
        }
        if (entry == null) {
            buckets[bucket] = new Entry(buckets[bucket], key, makeValue(random >>> 1));
            count++;
        } else if (!filling && (random & 1) != 0) {
            checksum += valueOf(entry);
            entry.value = makeValue(random >>> 1);
        } else if (!filling) {
            checksum += valueOf(entry) * 3;
            if (previous != null)
                previous.next = entry.next;
            else
                buckets[bucket] = entry.next;
            count--;
        }
    }

    static void map(int entries) {
        int keys = entries / 2 * 3;
        while (1 << bucketBits < entries)
            bucketBits++;
        buckets = new Entry[1 << bucketBits];
        boolean filling = true;
        long beginWall = 0, beginCpu = 0, gapWall = 0, gapCpu = 0;
        long lastWall = System.nanoTime(), lastCpu = SYSTEM.getProcessCpuTime();
        for (int i = 0; i < OPERATIONS;) {
            for (int j = 0; j < BATCH; j++)
                operate(keys, filling);
            i += filling ? 0 : BATCH;
            long wall = System.nanoTime(), cpu = SYSTEM.getProcessCpuTime();
            gapWall = Math.max(gapWall, wall - lastWall);
            gapCpu = Math.max(gapCpu, cpu - lastCpu);
            lastWall = wall;
            lastCpu = cpu;
            if (filling && count >= entries) {
                filling = false;
                beginWall = wall;
                beginCpu = cpu;
            }
        }
        System.out.printf("operation_ns %.3f%n", (lastCpu - beginCpu) / (double) OPERATIONS);
        System.out.printf("operation_wall_ns %.3f%n", (lastWall - beginWall) / (double) OPERATIONS);
        System.out.printf("pause_ns %d%npause_cpu_ns %d%n", gapWall, gapCpu);
        System.out.printf("checksum %d%n", (checksum & 0xffffffffL) ^ count);
    }

    public static void main(String[] words) {
        int size = Integer.parseInt(words[1]);
        switch (words[0]) {
        case "trees":
            trees(size);
            break;
        case "gcbench":
            gcbench(size);
            break;
        case "map":
            map(size);
            break;
        default:
            System.exit(2);
        }
    }
}
