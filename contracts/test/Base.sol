// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// What forge's machine answers to, as far as these tests ask.
interface Vm {
    function prank(address) external;
    function startPrank(address) external;
    function stopPrank() external;
    function deal(address, uint256) external;
    function warp(uint256) external;
    function assume(bool) external;
    function expectRevert() external;
    function expectRevert(bytes4) external;
    function expectPartialRevert(bytes4) external;
    function expectEmit() external;
    function sign(uint256, bytes32) external pure returns (uint8, bytes32, bytes32);
    function addr(uint256) external pure returns (address);
    function chainId(uint256) external;
    function snapshotGasLastCall(string calldata) external returns (uint256);
    function lastCallGas() external view returns (Gas memory);
    function cool(address) external;

    struct Gas {
        uint64 gasLimit;
        uint64 gasTotalUsed;
        uint64 gasMemoryUsed;
        int64 gasRefunded;
        uint64 gasRemaining;
    }
}

abstract contract Base {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error Different(uint256 got, uint256 wanted);
    error NotTrue(string what);

    address internal constant ANN = address(0xA11);
    address internal constant BOB = address(0xB0B);
    address internal constant EVE = address(0xE7E);
    address internal constant JUDGE = address(0x1D6E);

    function equal(uint256 got, uint256 wanted) internal pure {
        if (got != wanted) revert Different(got, wanted);
    }

    function equal(address got, address wanted) internal pure {
        equal(uint256(uint160(got)), uint256(uint160(wanted)));
    }

    function check(bool right, string memory what) internal pure {
        if (!right) revert NotTrue(what);
    }

    function bound(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + x % (high - low + 1);
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// What a transaction with this call costs at least: the call itself, 21,000 and its data.
    function transactionGas(bytes memory data) internal view returns (uint256 gas) {
        gas = vm.lastCallGas().gasTotalUsed + 21_000;
        for (uint256 i = 0; i < data.length; ++i) gas += data[i] == 0 ? 4 : 16;
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

contract Coin is ERC20("Coin", "C") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// A token that keeps a hundredth of every transfer.
contract FeeCoin is ERC20("Fee", "F") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from != address(0) && to != address(0)) {
            super._update(from, address(1), value / 100);
            value -= value / 100;
        }
        super._update(from, to, value);
    }
}

/// A token that calls its receiver, who calls back.
contract CallingCoin is ERC20("Calling", "L") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (to.code.length > 0 && from != address(0)) {
            (bool done,) = to.call(abi.encodeWithSignature("received()"));
            done;
        }
    }
}

/// A wallet that is a contract and accepts the signatures of one key (ERC-1271).
contract ContractWallet {
    address private immutable _owner;
    bool private immutable _takesMoney;

    constructor(address owner, bool takesMoney) {
        _owner = owner;
        _takesMoney = takesMoney;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        bytes32 r = bytes32(signature[:32]);
        bytes32 s = bytes32(signature[32:64]);
        return ecrecover(digest, uint8(signature[64]), r, s) == _owner ? this.isValidSignature.selector : bytes4(0xffffffff);
    }

    receive() external payable {
        require(_takesMoney);
    }
}
