// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Tokens moved in, all of them
library ExactTransfer {
    using SafeERC20 for IERC20;

    error WrongTerms();

    /// @notice Moves tokens from the caller to this contract. Tokens that take a fee on the way are refused: what is promised has to be covered.
    function take(IERC20 token, uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        if (token.balanceOf(address(this)) - before != amount) revert WrongTerms();
    }
}
