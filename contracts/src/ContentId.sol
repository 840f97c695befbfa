// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IPFS addresses from digests
/// @notice A file of at most 1 MiB has the content id (version 1, raw block) that follows from its SHA-256.
library ContentId {
    bytes16 private constant LOW = "abcdefghijklmnop";
    bytes16 private constant HIGH = "qrstuvwxyz234567";

    /// @notice "ipfs://bafkrei…" of a SHA-256 digest.
    function uri(bytes32 digest) internal pure returns (string memory) {
        // 01 (version) 55 (raw) 12 (sha2-256) 20 (32 bytes) and the digest: 36 bytes, 288 bits, 58 letters of 5 bits.
        bytes memory out = bytes.concat("ipfs://b", new bytes(58));
        uint256 bits = 0;
        uint256 held = 0;
        uint256 place = 8;
        unchecked {
            for (uint256 i = 0; i < 36; ++i) {
                uint256 next = i < 4 ? uint256(0x01551220 >> (24 - 8 * i)) & 0xff : uint8(digest[i - 4]);
                bits = (bits << 8) | next;
                held += 8;
                while (held >= 5) {
                    held -= 5;
                    out[place++] = _letter((bits >> held) & 31);
                }
                bits &= (1 << held) - 1;
            }
            out[place] = _letter((bits << (5 - held)) & 31);
        }
        return string(out);
    }

    function _letter(uint256 value) private pure returns (bytes1) {
        return value < 16 ? LOW[value] : HIGH[value - 16];
    }
}
