// SPDX-License-Identifier: MIT
// Part of Ptah's contract writer: what the generated tests stand on.
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// What forge's machine answers to, as far as these tests ask.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function prank(address) external;
    function startPrank(address) external;
    function stopPrank() external;
    function deal(address, uint256) external;
    function etch(address, bytes calldata) external;
    function warp(uint256) external;
    function expectRevert() external;
    function expectRevert(bytes4) external;
    function expectRevert(bytes calldata) external;
    function expectPartialRevert(bytes4) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    function sign(uint256, bytes32) external pure returns (uint8, bytes32, bytes32);
    function addr(uint256) external pure returns (address);
}

abstract contract Base {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error Different(uint256 got, uint256 wanted);
    error NotTrue(string what);

    address internal constant ANN = address(uint160(0xA11CE));
    address internal constant BOB = address(uint160(0xB0B1));
    address internal constant EVE = address(uint160(0xE7E1));

    function equal(uint256 got, uint256 wanted) internal pure {
        if (got != wanted) revert Different(got, wanted);
    }

    function equal(address got, address wanted) internal pure {
        equal(uint256(uint160(got)), uint256(uint160(wanted)));
    }

    function equal(string memory got, string memory wanted) internal pure {
        check(keccak256(bytes(got)) == keccak256(bytes(wanted)), got);
    }

    function check(bool right, string memory what) internal pure {
        if (!right) revert NotTrue(what);
    }

    function bound(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        if (low == 0 && high == type(uint256).max) return x;
        return low + x % (high - low + 1);
    }

    /// How many events of this kind were emitted since vm.recordLogs().
    function emitted(bytes32 topic) internal returns (uint256 count) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) if (logs[i].topics.length > 0 && logs[i].topics[0] == topic) ++count;
    }

    /// Exactly one event of this kind, with these words behind its topic (indexed ones first).
    function emittedOnce(bytes32 topic, bytes memory words) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 count = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics.length == 0 || logs[i].topics[0] != topic) continue;
            bytes memory all = "";
            for (uint256 j = 1; j < logs[i].topics.length; ++j) all = bytes.concat(all, logs[i].topics[j]);
            check(keccak256(bytes.concat(all, logs[i].data)) == keccak256(words), "an event says something else");
            ++count;
        }
        equal(count, 1);
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}

/// An invariant holds whatever is called of one contract.
abstract contract Invariant is Base {
    address internal target;

    function targetContracts() public view returns (address[] memory out) {
        out = new address[](1);
        out[0] = target;
    }
}

/// A token for tests that anybody can mint.
contract Coin is ERC20("Coin", "C") {
    uint8 private immutable _places;
    /// Of every transfer, in hundredths; kept from the receiver.
    uint256 public kept;

    constructor(uint8 places) {
        _places = places;
    }

    function decimals() public view override returns (uint8) {
        return _places;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function keep(uint256 hundredths) external {
        kept = hundredths;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (kept > 0 && from != address(0) && to != address(0)) {
            super._update(from, address(1), value * kept / 100);
            value -= value * kept / 100;
        }
        super._update(from, to, value);
    }
}

/// A collection for tests.
contract Things is ERC721("Things", "T") {
    function mint(address to, uint256 id) external {
        _mint(to, id);
    }
}

/// Has no way to take ether.
contract Closed {}

/// Calls again while it is paid, as long as somebody told it what to call.
contract Caller {
    address public target;
    bytes public data;
    bool public worked;

    function set(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    function call(address to, uint256 value, bytes calldata what) external payable {
        (bool done, bytes memory said) = to.call{value: value}(what);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(said, 32), mload(said))
            }
        }
    }

    receive() external payable {
        if (target != address(0)) (worked,) = target.call(data);
    }
}
